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

/** Options of {@link Adam}, {@link AdamW} and {@link LAMB}. */
export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean gradient a step keeps. Default 0.9. */
  readonly beta1?: number;
  /** How much of the mean square a step keeps. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean square. Default 1e-8; of LAMB 1e-6. */
  readonly epsilon?: number;
}

/** Adam and its descendants, which differ in where weight decay goes and in what they do with the direction. */
abstract class AdamFamily extends Optimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(
    parameters: Iterable<NamedVariable>,
    name: string,
    options: AdamOptions,
    decayOf: 'gradient' | 'weights' | 'change',
    defaultEpsilon: number,
  ) {
    checkOptions(name, options, { ...optimizerOptionNames, beta1: true, beta2: true, epsilon: true });
    const { beta1 = 0.9, beta2 = 0.999, epsilon = defaultEpsilon } = options;
    checkFraction('beta1', beta1);
    checkFraction('beta2', beta2);
    checkAtLeastZero('epsilon', epsilon);
    super(parameters, { mean: 0, meanSquare: 0 }, options, decayOf);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  /** What corrects the mean, and the root of the mean square, for having started at zero. */
  #corrections(): { meanScale: number; rootScale: number } {
    const { beta1, beta2, iterations } = this;
    return { meanScale: 1 / (1 - beta1 ** iterations), rootScale: 1 / Math.sqrt(1 - beta2 ** iterations) };
  }

  protected override fusedStep(): ReturnType<Optimizer['fusedStep']> {
    const { beta1, beta2, epsilon } = this;
    return { kernel: 'AdamStep', attrs: { beta1, beta2, epsilon, ...this.#corrections() } };
  }

  /** mean / (sqrt(meanSquare) + epsilon), both corrected. */
  protected direction({ slots }: OptimizedParameter, gradient: tf.Tensor): tf.Tensor {
    const { beta1, beta2, epsilon } = this;
    const { meanScale, rootScale } = this.#corrections();
    const mean = accumulate(slots['mean']!, beta1, tf.mul(gradient, 1 - beta1));
    const meanSquare = accumulate(slots['meanSquare']!, beta2, tf.mul(tf.square(gradient), 1 - beta2));
    const root = tf.mul(tf.sqrt(meanSquare), rootScale);
    return tf.div(tf.mul(mean, meanScale), tf.add(root, epsilon));
  }

  protected override change(parameter: OptimizedParameter, gradient: tf.Tensor, rate: number): tf.Tensor {
    return tf.mul(this.direction(parameter, gradient), rate);
  }
}

/** Adam; weight decay is added to the gradient. Source: Kingma and Ba 2014, arXiv 1412.6980; as torch.optim.Adam. */
export class Adam extends AdamFamily {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: Iterable<NamedVariable>, options: AdamOptions = {}) {
    super(parameters, 'Adam', options, 'gradient', 1e-8);
  }
}

/**
 * Adam with decoupled weight decay. Source: Loshchilov and Hutter 2017, arXiv 1711.05101; as torch.optim.AdamW, but
 * the default weight decay is 0 here.
 */
export class AdamW extends AdamFamily {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: Iterable<NamedVariable>, options: AdamOptions = {}) {
    super(parameters, 'AdamW', options, 'weights', 1e-8);
  }
}

/**
 * Adam for large batches: a parameter that decays moves by the learning rate times its own norm. Source: You et al. 2019,
 * arXiv 1904.00962; as timm's Lamb with max_grad_norm=None.
 */
export class LAMB extends AdamFamily {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: Iterable<NamedVariable>, options: AdamOptions = {}) {
    super(parameters, 'LAMB', options, 'change', 1e-6);
  }

  /** None: the norms come between the direction and the step. */
  protected override fusedStep(): undefined {
    return undefined;
  }

  protected override change(parameter: OptimizedParameter, gradient: tf.Tensor, rate: number): tf.Tensor {
    const { variable, decay } = parameter;
    const direction = this.direction(parameter, gradient);
    if (decay === 0) return tf.mul(direction, rate);
    const decayed = tf.add(direction, tf.mul(variable, decay));
    return tf.mul(decayed, tf.mul(trustRatio(variable, decayed), rate));
  }
}

/** |weights| / |change|; 1 where either is zero. */
function trustRatio(weights: tf.Tensor, change: tf.Tensor): tf.Tensor {
  const [a, b] = [norm(weights), norm(change)];
  const both = tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0));
  return tf.where(both, tf.div(a, b), tf.onesLike(a));
}

function norm(x: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.sum(tf.square(x)));
}
