import * as tf from '@tensorflow/tfjs-core';
import { checkAtLeastZero, checkFraction, checkOptions } from '../../core/errors.js';
import type { NamedVariable } from '../../core/module.js';
import {
  accumulate,
  Optimizer,
  optimizerOptionNames,
  type OptimizedParameter,
  type OptimizerOptions,
} from './optimizer.js';

/** Options of {@link RMSProp}; the defaults are those that EfficientNet was trained with. */
export interface RMSPropOptions extends OptimizerOptions {
  /** How much of the mean square a step keeps. Default 0.9. */
  readonly rho?: number;
  /** Default 0.9. */
  readonly momentum?: number;
  /** Added to the mean square, inside of the root. Default 1e-3. */
  readonly epsilon?: number;
  /** Whether weight decay is taken off the weights rather than added to the gradient. Default false. */
  readonly decoupled?: boolean;
}

/**
 * RMSProp in TensorFlow's form: epsilon inside of the root, mean squares that start at one, and the learning rate within
 * the momentum. As tf.train.RMSPropOptimizer and timm's RMSpropTF; torch.optim.RMSprop differs in all three.
 */
export class RMSProp extends Optimizer {
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;

  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: Iterable<NamedVariable>, options: RMSPropOptions = {}) {
    checkOptions('RMSProp', options, {
      ...optimizerOptionNames,
      rho: true,
      momentum: true,
      epsilon: true,
      decoupled: true,
    });
    const { rho = 0.9, momentum = 0.9, epsilon = 1e-3, decoupled = false } = options;
    checkFraction('rho', rho);
    checkFraction('momentum', momentum);
    checkAtLeastZero('epsilon', epsilon);
    const slots = { meanSquare: 1, ...(momentum > 0 && { momentum: 0 }) };
    super(parameters, slots, options, decoupled ? 'weights' : 'gradient');
    this.rho = rho;
    this.momentum = momentum;
    this.epsilon = epsilon;
  }

  protected override fusedStep() {
    const { rho, momentum, epsilon } = this;
    return { kernel: 'RMSPropStep' as const, attrs: { rho, momentum, epsilon } };
  }

  protected override change({ slots }: OptimizedParameter, gradient: tf.Tensor, rate: number): tf.Tensor {
    const square = tf.mul(tf.square(gradient), 1 - this.rho);
    const meanSquare = accumulate(slots['meanSquare']!, this.rho, square);
    const change = tf.mul(tf.mul(gradient, tf.rsqrt(tf.add(meanSquare, this.epsilon))), rate);
    return slots['momentum'] ? accumulate(slots['momentum'], this.momentum, change) : change;
  }
}
