import * as tf from '@tensorflow/tfjs-core';
import { check } from '../../core/errors.js';
import { hasKernel, runListKernel } from '../../core/kernels.js';

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
    return { gradients: scaledSums(gradients, factor), norm };
  });
}

/** The Euclidean norm of all values together. */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  if (hasKernel('GlobalNorm')) return runListKernel('GlobalNorm', tensors)[0] as tf.Scalar;
  return tf.tidy(() => {
    const squares = tensors.map((tensor) => tf.sum(tf.square(tensor)));
    return tf.sqrt(squares.reduce((a, b) => tf.add(a, b), tf.scalar(0))) as tf.Scalar;
  });
}

/** Each tensor times a factor, plus the one of its place in `sums` where there are any. */
export function scaledSums(
  tensors: readonly tf.Tensor[],
  factor: tf.Tensor | number,
  sums: readonly tf.Tensor[] = [],
): tf.Tensor[] {
  return tf.tidy(() => {
    if (hasKernel('ScaledSums') && tensors.length > 0) {
      const inputs = [typeof factor === 'number' ? tf.scalar(factor) : factor, ...tensors, ...sums];
      return runListKernel('ScaledSums', inputs, { adds: Number(sums.length > 0) });
    }
    return tensors.map((tensor, i) => {
      const scaled = tf.mul(tensor, factor);
      return sums[i] ? tf.add(sums[i], scaled) : scaled;
    });
  });
}
