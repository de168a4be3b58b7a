import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';

/** Random values in [-1, 1) of a seed. */
export function randomTensor<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> {
  const size = (shape as number[]).reduce((a, b) => a * b, 1);
  return tf.tensor<R>(new Random(seed).uniformArray(size, -1, 1), shape);
}

/** The largest distance of two tensors of one shape. */
export function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);
}

/**
 * How many buffers of at least `size` values an operation keeps for its gradient, its output among them.
 * Buffers that existed before (the input's) do not count.
 */
export function buffersKept(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): number {
  let kept = 0;
  const gradient = tf.grad((x: tf.Tensor) => {
    const before = tf.memory().numDataBuffers;
    const y = f(x);
    kept = tf.memory().numDataBuffers - before;
    return y;
  });
  gradient(x).dispose();
  return kept;
}

/**
 * The values of the tensors that `f` gives, which are freed, with all else. A `tf.tidy` that returns the values takes much longer: it
 * looks for tensors among them.
 */
export function valuesOf(f: () => tf.Tensor | tf.Tensor[]): Float32Array[] {
  const tensors = [tf.tidy(f)].flat();
  const values = tensors.map((tensor) => tensor.dataSync<'float32'>());
  tf.dispose(tensors);
  return values;
}
