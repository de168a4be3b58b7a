import * as tf from '@tensorflow/tfjs-core';
import { check, checkFraction, checkOptions } from '../../core/errors.js';
import type { NamedVariable } from '../../core/module.js';
import {
  accumulate,
  Optimizer,
  optimizerOptionNames,
  type OptimizedParameter,
  type OptimizerOptions,
} from './optimizer.js';

/** Options of {@link SGD}. */
export interface SGDOptions extends OptimizerOptions {
  /** Default 0; ResNets were trained with 0.9. */
  readonly momentum?: number;
  /** Whether the gradient is that of where momentum leads. Default false. */
  readonly nesterov?: boolean;
  /** Whether weight decay is taken off the weights rather than added to the gradient. Default false. */
  readonly decoupled?: boolean;
}

/** Stochastic gradient descent with momentum. As torch.optim.SGD. */
export class SGD extends Optimizer {
  readonly momentum: number;
  readonly nesterov: boolean;

  /** @throws ArgumentError where an option is out of range. */
  constructor(parameters: Iterable<NamedVariable>, options: SGDOptions = {}) {
    checkOptions('SGD', options, {
      ...optimizerOptionNames,
      momentum: true,
      nesterov: true,
      decoupled: true,
    });
    const { momentum = 0, nesterov = false, decoupled = false } = options;
    checkFraction('momentum', momentum);
    check(!nesterov || momentum > 0, () => 'nesterov takes momentum; give it too, such as 0.9.');
    super(parameters, momentum > 0 ? { momentum: 0 } : {}, options, decoupled ? 'weights' : 'gradient');
    this.momentum = momentum;
    this.nesterov = nesterov;
  }

  protected override fusedStep() {
    const { momentum, nesterov } = this;
    return { kernel: 'SGDStep' as const, attrs: { momentum, nesterov: Number(nesterov) } };
  }

  protected override change({ slots }: OptimizedParameter, gradient: tf.Tensor, rate: number): tf.Tensor {
    if (!slots['momentum']) return tf.mul(gradient, rate);
    const buffer = accumulate(slots['momentum'], this.momentum, gradient);
    return tf.mul(this.nesterov ? tf.add(gradient, tf.mul(buffer, this.momentum)) : buffer, rate);
  }
}
