import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { checkFraction } from '../core/errors.js';
import { Module } from '../core/module.js';
import type { Random } from '../core/random.js';

/**
 * In training, sets each value to zero with the probability `rate` and divides the others by 1 - rate; in evaluation,
 * nothing. Any shape. Source: Srivastava et al. 2014; as torch.nn.Dropout.
 */
export class Dropout extends Module<tf.Tensor, tf.Tensor> {
  /** @param rate - In [0, 1). */
  constructor(readonly rate: number) {
    super();
    checkFraction('Dropout: rate', rate);
  }

  override forward<T extends tf.Tensor>(x: T, context: Context): T {
    if (!context.training || this.isFrozen || this.rate === 0) return tf.clone(x);
    return keepAtRandom(x, x.shape, 1 - this.rate, context.random);
  }
}

/**
 * In training, drops a whole sample of the batch with the probability `rate` and divides the others by 1 - rate; in
 * evaluation, nothing. Stands at the end of a residual branch. Source: Huang et al. 2016, arXiv 1603.09382; as
 * torchvision.ops.StochasticDepth(mode='row').
 */
export class StochasticDepth extends Module {
  /** @param rate - In [0, 1). */
  constructor(readonly rate: number) {
    super();
    checkFraction('StochasticDepth: rate', rate);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    if (!context.training || this.isFrozen || this.rate === 0) return tf.clone(x);
    return keepAtRandom(x, [x.shape[0], 1, 1, 1], 1 - this.rate, context.random);
  }
}

/** x times a mask of `shape` that is 1 / probability with this probability and otherwise zero. */
function keepAtRandom<T extends tf.Tensor>(x: T, shape: number[], probability: number, random: Random): T {
  return tf.tidy(() => {
    const mask = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < probability ? 1 / probability : 0;
    return tf.mul(x, tf.tensor(mask, shape));
  });
}
