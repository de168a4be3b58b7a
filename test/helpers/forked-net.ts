import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { parameter } from '../../src/core/variables.js';
import { Random } from '../../src/core/random.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { Dense } from '../../src/layers/dense.js';
import { Dropout } from '../../src/layers/dropout.js';
import { randomFor } from '../../src/training/seeds.js';
import type { TensorBatch } from '../../src/training/data/tensor-batches.js';
import { meanSquaredError, softmaxCrossEntropy } from '../../src/training/losses.js';
import { ruleFloats, ruleValues } from './golden.js';

/** Side of the maps, in pixels. */
const SIZE = 4;
const N = 6;

export interface ForkedInput {
  map: tf.Tensor4D;
  facts: tf.Tensor2D;
}
export type ForkedOutput = [classes: tf.Tensor2D, sizes: tf.Tensor2D];
export interface ForkedTarget {
  classes: tf.Tensor1D;
  sizes: tf.Tensor2D;
}

/**
 * A network that no table of the library knows: two inputs and two outputs, a convolution that runs twice and stands in two
 * places of the tree, layers in an object, an array and a Map, and a variable of its class.
 */
export class ForkedNet extends Module<ForkedInput, ForkedOutput> {
  readonly first: Conv2D;
  readonly body: { again: Conv2D; norms: BatchNorm[] };
  readonly heads: Map<string, Dense>;
  readonly scale = parameter<tf.Rank.R1>(new Float32Array([1, 0.5]), [2]);

  readonly dropout: Dropout;

  constructor(seed = 0, dropout = 0) {
    super();
    const random = new Random(seed);
    this.dropout = new Dropout(dropout);
    const conv = { inChannels: 2, filters: 2, kernelSize: 3, padding: 'same' as const, bias: true };
    this.first = new Conv2D({ ...conv, random });
    const norm = () =>
      new BatchNorm({ channels: 2, epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' });
    this.body = { again: this.first, norms: [norm(), norm()] };
    this.heads = new Map([
      ['classes', new Dense({ inFeatures: 4, units: 3, random })],
      ['sizes', new Dense({ inFeatures: 4, units: 2, random })],
    ]);
  }

  override forward({ map, facts }: ForkedInput, context: Context): ForkedOutput {
    return tf.tidy(() => {
      const { again, norms } = this.body;
      const once = tf.relu(norms[0]!.forward(this.first.forward(map), context));
      const twice = tf.add(norms[1]!.forward(again.forward(once), context), map) as tf.Tensor4D;
      const pooled = tf.mul(tf.mean(twice, [1, 2]), this.scale);
      const joined = this.dropout.forward(tf.concat([pooled, facts], 1) as tf.Tensor2D, context);
      return [this.heads.get('classes')!.forward(joined), this.heads.get('sizes')!.forward(joined)];
    });
  }
}

/** The paths of its variables. */
export const forkedPaths = [
  'scale',
  'first.weight',
  'first.bias',
  ...[0, 1].flatMap((i) =>
    ['weight', 'bias', 'runningMean', 'runningVariance'].map((leaf) => `body.norms.${i}.${leaf}`),
  ),
  ...['classes', 'sizes'].flatMap((head) => [`heads.${head}.weight`, `heads.${head}.bias`]),
];

/** Values of the rule of the golden files; the same in test/golden/forked_net.py. */
export function fillForked(net: ForkedNet): void {
  for (const { name, variable } of net.namedVariables()) {
    const values = Float32Array.from(ruleValues(name, variable.size), (v) =>
      name.endsWith('runningVariance') ? 1 + v / 2 : v / 2,
    );
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

/** The batch of this number, by the rule. */
export function forkedBatch(place: number): TensorBatch<ForkedInput, ForkedTarget> {
  const values = (name: string, shape: number[]) =>
    tf.tensor(ruleFloats(`${name}.${place}`, tf.util.sizeFromShape(shape)), shape);
  return {
    x: {
      map: values('map', [N, SIZE, SIZE, 2]) as tf.Tensor4D,
      facts: values('facts', [N, 2]) as tf.Tensor2D,
    },
    y: {
      classes: tf.tensor1d(
        Array.from({ length: N }, (_, i) => (i + place) % 3),
        'int32',
      ),
      sizes: values('sizes', [N, 2]) as tf.Tensor2D,
    },
  };
}

/** Four batches of an epoch, in an order of the epoch's. */
export function* forkedBatches(
  epoch: number,
  first: number,
): Generator<TensorBatch<ForkedInput, ForkedTarget>> {
  const start = randomFor(1, 'shuffle', epoch).integer(4);
  for (let i = first; i < 4; i++) yield forkedBatch((start + i) % 4);
}

export function forkedLoss([classes, sizes]: ForkedOutput, y: ForkedTarget): tf.Scalar {
  return tf.add(softmaxCrossEntropy(classes, y.classes), tf.mul(meanSquaredError(sizes, y.sizes), 0.5));
}
