import * as tf from '@tensorflow/tfjs-core';
import { check } from '../../core/errors.js';

/**
 * Scales gradients together so that the norm of all their values is at most `maxNorm`.
 * As torch.nn.utils.clip_grad_norm_, which divides by norm + 1e-6.
 * @returns the scaled gradients, and the norm that they had before.
 * @throws ArgumentError where `maxNorm` is not positive.
 */
export function clipByGlobalNorm(
  gradients: readonly tf.Tensor[],
  maxNorm: number,
): { gradients: tf.Tensor[]; norm: tf.Scalar } {
  check(maxNorm > 0, () => `maxNorm is ${maxNorm}; give a positive number, such as 1.`);
  return tf.tidy(() => {
    const norm = globalNorm(gradients);
    const factor = tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1);
    return { gradients: gradients.map((gradient) => tf.mul(gradient, factor)), norm };
  });
}

/** The Euclidean norm of all values together. */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => {
    const squares = tensors.map((tensor) => tf.sum(tf.square(tensor)));
    return tf.sqrt(squares.reduce((a, b) => tf.add(a, b), tf.scalar(0))) as tf.Scalar;
  });
}
