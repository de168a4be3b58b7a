import * as tf from '@tensorflow/tfjs-core';
import { checkAtLeastZero, checkFraction, checkOptions } from '../../core/errors.js';
import { globalNorm } from './gradients.js';
import { Optimizer, type OptimizerParameters } from './optimizer.js';
import {
  accumulate,
  optimizerOptionNames,
  updateRule,
  type OptimizerOptions,
  type RuleParts,
  type UpdateRule,
} from './rule.js';

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
function adamRule(
  name: string,
  options: AdamOptions,
  { decayOf, kernel, defaultEpsilon }: Pick<RuleParts, 'decayOf' | 'kernel'> & { defaultEpsilon: number },
): UpdateRule {
  checkOptions(name, options, { ...optimizerOptionNames, beta1: true, beta2: true, epsilon: true });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = defaultEpsilon } = options;
  checkFraction('beta1', beta1);
  checkFraction('beta2', beta2);
  checkAtLeastZero('epsilon', epsilon);
  const attrs = (iteration: number) => ({
    beta1,
    beta2,
    epsilon,
    // They correct the mean, and the root of the mean square, for having started at zero.
    meanScale: 1 / (1 - beta1 ** iteration),
    rootScale: 1 / Math.sqrt(1 - beta2 ** iteration),
  });
  const change: RuleParts['change'] = ({ variable, slots, rate, decay, iteration }, gradient) => {
    const { meanScale, rootScale } = attrs(iteration);
    const mean = accumulate(slots['mean']!, beta1, tf.mul(gradient, 1 - beta1));
    const meanSquare = accumulate(slots['meanSquare']!, beta2, tf.mul(tf.square(gradient), 1 - beta2));
    const root = tf.mul(tf.sqrt(meanSquare), rootScale);
    const direction = tf.div(tf.mul(mean, meanScale), tf.add(root, epsilon));
    if (decayOf !== 'change' || decay === 0) return tf.mul(direction, rate);
    const decayed = tf.add(direction, tf.mul(variable, decay));
    return tf.mul(decayed, tf.mul(trustRatio(variable, decayed), rate));
  };
  return updateRule({ firstValues: { mean: 0, meanSquare: 0 }, decayOf, kernel, attrs, change }, options);
}

/** |weights| / |change|; 1 where either is zero. */
function trustRatio(weights: tf.Tensor, change: tf.Tensor): tf.Tensor {
  const [a, b] = [globalNorm([weights]), globalNorm([change])];
  const both = tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0));
  return tf.where(both, tf.div(a, b), tf.onesLike(a));
}

/** {@link Adam} as a rule. */
export const adam = (options: AdamOptions = {}): UpdateRule =>
  adamRule('Adam', options, { decayOf: 'gradient', kernel: 'AdamStep', defaultEpsilon: 1e-8 });

/** {@link AdamW} as a rule. */
export const adamW = (options: AdamOptions = {}): UpdateRule =>
  adamRule('AdamW', options, { decayOf: 'weights', kernel: 'AdamStep', defaultEpsilon: 1e-8 });

/** {@link LAMB} as a rule. */
export const lamb = (options: AdamOptions = {}): UpdateRule =>
  adamRule('LAMB', options, { decayOf: 'change', kernel: 'LAMBStep', defaultEpsilon: 1e-6 });

/** Adam; weight decay is added to the gradient. Source: Kingma and Ba 2014, arXiv 1412.6980; as torch.optim.Adam. */
export class Adam extends Optimizer {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: OptimizerParameters, options: AdamOptions = {}) {
    super(parameters, adam(options));
  }
}

/**
 * Adam with decoupled weight decay. Source: Loshchilov and Hutter 2017, arXiv 1711.05101; as torch.optim.AdamW, but
 * the default weight decay is 0 here.
 */
export class AdamW extends Optimizer {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: OptimizerParameters, options: AdamOptions = {}) {
    super(parameters, adamW(options));
  }
}

/**
 * Adam for large batches: a parameter that decays moves by the learning rate times its norm. Source: You et al. 2019,
 * arXiv 1904.00962; as timm's Lamb with max_grad_norm=None.
 */
export class LAMB extends Optimizer {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: OptimizerParameters, options: AdamOptions = {}) {
    super(parameters, lamb(options));
  }
}
