import * as tf from '@tensorflow/tfjs-core';
import { check, checkFraction, checkOptions } from '../../core/errors.js';
import { Optimizer, type OptimizerParameters } from './optimizer.js';
import {
  accumulate,
  optimizerOptionNames,
  updateRule,
  type OptimizerOptions,
  type UpdateRule,
} from './rule.js';

/** Options of {@link SGD}. */
export interface SGDOptions extends OptimizerOptions {
  /** Default 0; ResNets were trained with 0.9. */
  readonly momentum?: number;
  /** Whether the gradient is that of where momentum leads. Default false. */
  readonly nesterov?: boolean;
  /** Whether weight decay is taken off the weights rather than added to the gradient. Default false. */
  readonly decoupled?: boolean;
}

/**
 * Stochastic gradient descent with momentum, as a rule. As torch.optim.SGD.
 * @throws ArgumentError where an option is out of range.
 */
export function sgd(options: SGDOptions = {}): UpdateRule {
  checkOptions('SGD', options, { ...optimizerOptionNames, momentum: true, nesterov: true, decoupled: true });
  const { momentum = 0, nesterov = false, decoupled = false } = options;
  checkFraction('momentum', momentum);
  check(!nesterov || momentum > 0, () => 'nesterov takes momentum; give it too, such as 0.9.');
  return updateRule(
    {
      firstValues: momentum > 0 ? { momentum: 0 } : {},
      decayOf: decoupled ? 'weights' : 'gradient',
      kernel: 'SGDStep',
      attrs: () => ({ momentum, nesterov: Number(nesterov) }),
      change: ({ slots, rate }, gradient) => {
        if (!slots['momentum']) return tf.mul(gradient, rate);
        const buffer = accumulate(slots['momentum'], momentum, gradient);
        return tf.mul(nesterov ? tf.add(gradient, tf.mul(buffer, momentum)) : buffer, rate);
      },
    },
    options,
  );
}

/** Stochastic gradient descent with momentum. As torch.optim.SGD. */
export class SGD extends Optimizer {
  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: OptimizerParameters, options: SGDOptions = {}) {
    super(parameters, sgd(options));
  }
}
