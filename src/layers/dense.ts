import * as tf from '@tensorflow/tfjs-core';
import { checkInteger, checkOptions } from '../core/errors.js';
import { allOrNothing } from '../core/build.js';
import { Module } from '../core/module.js';
import { parameter } from '../core/variables.js';
import { defaultRandom, type Random } from '../core/random.js';
import { uniformFanIn, zeros, type Initializer } from './initializers.js';

/** Options of {@link Dense}. */
export interface DenseOptions {
  /** Features of the input. */
  readonly inFeatures: number;
  /** Features of the output. */
  readonly units: number;
  /** First values of the matrix. Default {@link uniformFanIn}. */
  readonly initializer?: Initializer;
  /** First values of the bias. Default zero. */
  readonly biasInitializer?: Initializer;
  /** Where the first values come from. Default the stream of `seeded`. */
  readonly random?: Random;
}

/** A fully connected layer, x W + b: [N, inFeatures] → [N, units]. As torch.nn.Linear, its matrix transposed. */
export class Dense extends Module<tf.Tensor2D, tf.Tensor2D> {
  /** [inFeatures, units] */
  readonly weight: tf.Variable<tf.Rank.R2>;
  /** [units] */
  readonly bias: tf.Variable<tf.Rank.R1>;

  constructor(options: DenseOptions) {
    super();
    checkOptions('Dense', options, {
      inFeatures: true,
      units: true,
      initializer: true,
      biasInitializer: true,
      random: true,
    });
    const { inFeatures, units, initializer = uniformFanIn, biasInitializer = zeros } = options;
    const { random = defaultRandom() } = options;
    checkInteger('Dense: inFeatures', inFeatures, 1);
    checkInteger('Dense: units', units, 1);
    const fans = { fanIn: inFeatures, fanOut: units };
    [this.weight, this.bias] = allOrNothing(() => [
      parameter(() => initializer(random, { count: inFeatures * units, ...fans }), [inFeatures, units]),
      parameter(() => biasInitializer(random, { count: units, ...fans }), [units]),
    ]);
  }

  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.fused.matMul({ a: x, b: this.weight, bias: this.bias }) as tf.Tensor2D;
  }
}
