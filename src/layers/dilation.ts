import * as tf from '@tensorflow/tfjs-core';

/**
 * The kernel [h, w, a, b] with `dilation - 1` zeros between its taps. A convolution with it is the dilated one, and
 * unlike tfjs's dilation it has a gradient and allows a stride.
 */
export function dilateKernel(kernel: tf.Tensor4D, dilation: number): tf.Tensor4D {
  if (dilation === 1) return kernel;
  return tf.tidy(() => {
    const [h, w, a, b] = kernel.shape;
    const spread = tf.pad(tf.reshape(kernel, [h, 1, w, 1, a * b]), [
      [0, 0],
      [0, dilation - 1],
      [0, 0],
      [0, dilation - 1],
      [0, 0],
    ]);
    const grid: tf.Tensor4D = tf.reshape(spread, [h * dilation, w * dilation, a, b]);
    return tf.slice(grid, [0, 0, 0, 0], [(h - 1) * dilation + 1, (w - 1) * dilation + 1, a, b]);
  });
}
