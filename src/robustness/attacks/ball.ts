import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.js';

/**
 * How a change of an image is measured: `'linf'` is the largest change of a value, `'l2'` the root of the sum of the squared
 * changes.
 */
export type Norm = 'linf' | 'l2';

/** Every {@link Norm}. */
export const norms: readonly Norm[] = ['linf', 'l2'];

/** The L2 norm of each example, [N, 1, 1, 1]. */
export function lengths(x: tf.Tensor4D): tf.Tensor4D {
  return tf.sqrt(tf.sum(tf.square(x), [1, 2, 3], true));
}

/** The steepest direction of norm 1 for each example; zero where the gradient is zero. */
export function steepest(gradients: tf.Tensor4D, norm: Norm): tf.Tensor4D {
  if (norm === 'linf') return tf.sign(gradients);
  return tf.divNoNan(unitScale(gradients), lengths(unitScale(gradients)));
}

/** Each example over its largest value, so that squares of tiny gradients do not become zero. */
function unitScale(x: tf.Tensor4D): tf.Tensor4D {
  return tf.divNoNan(x, tf.max(tf.abs(x), [1, 2, 3], true));
}

/** The nearest images to `moved` that are at most `radius` from `images` and from 0 to 1. */
export function project(moved: tf.Tensor4D, images: tf.Tensor4D, radius: number, norm: Norm): tf.Tensor4D {
  const change = tf.sub<tf.Tensor4D>(moved, images);
  const near: tf.Tensor4D =
    norm === 'linf'
      ? tf.clipByValue(change, -radius, radius)
      : tf.mul(change, tf.minimum(tf.divNoNan(tf.scalar(radius), lengths(change)), 1));
  return tf.clipByValue(tf.add(images, near), 0, 1);
}

/** Random images in the ball around `images`: even in each value for `'linf'`; for `'l2'` of even direction and length. */
export function randomStart(images: tf.Tensor4D, radius: number, norm: Norm, random: Random): tf.Tensor4D {
  const { shape, size } = images;
  const noise = norm === 'linf' ? random.uniformArray(size, -radius, radius) : random.normalArray(size, 1);
  const drawn = tf.tensor4d(noise, shape);
  if (norm === 'linf') return project(tf.add(images, drawn), images, radius, norm);
  const share = tf.tensor4d(random.uniformArray(shape[0], 0, radius), [shape[0], 1, 1, 1]);
  return project(tf.add(images, tf.mul(steepest(drawn, norm), share)), images, radius, norm);
}
