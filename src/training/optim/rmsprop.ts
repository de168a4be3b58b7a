import * as tf from '@tensorflow/tfjs-core';
import { checkAtLeastZero, checkFraction, checkOptions } from '../../core/errors.js';
import { Optimizer, type OptimizerParameters } from './optimizer.js';
import {
  accumulate,
  optimizerOptionNames,
  updateRule,
  type OptimizerOptions,
  type UpdateRule,
} from './rule.js';

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
 * {@link RMSProp} as a rule.
 * @throws ArgumentError where an option is out of range.
 */
export function rmsProp(options: RMSPropOptions = {}): UpdateRule {
  const names = {
    ...optimizerOptionNames,
    rho: true,
    momentum: true,
    epsilon: true,
    decoupled: true,
  } as const;
  checkOptions('RMSProp', options, names);
  const { rho = 0.9, momentum = 0.9, epsilon = 1e-3, decoupled = false } = options;
  checkFraction('rho', rho);
  checkFraction('momentum', momentum);
  checkAtLeastZero('epsilon', epsilon);
  return updateRule(
    {
      firstValues: { meanSquare: 1, ...(momentum > 0 && { momentum: 0 }) },
      decayOf: decoupled ? 'weights' : 'gradient',
      kernel: 'RMSPropStep',
      attrs: () => ({ rho, momentum, epsilon }),
      change: ({ slots, rate }, gradient) => {
        const meanSquare = accumulate(slots['meanSquare']!, rho, tf.mul(tf.square(gradient), 1 - rho));
        const change = tf.mul(tf.mul(gradient, tf.rsqrt(tf.add(meanSquare, epsilon))), rate);
        return slots['momentum'] ? accumulate(slots['momentum'], momentum, change) : change;
      },
    },
    options,
  );
}

/**
 * RMSProp in TensorFlow's form: epsilon inside of the root, mean squares that start at one, and the learning rate within
 * the momentum. As tf.train.RMSPropOptimizer and timm's RMSpropTF; torch.optim.RMSprop differs in all three.
 */
export class RMSProp extends Optimizer {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: OptimizerParameters, options: RMSPropOptions = {}) {
    super(parameters, rmsProp(options));
  }
}
