import type * as tf from '@tensorflow/tfjs-core';

/** The values of a tensor, which is freed; also where it cannot be read, such as when a graphics card was lost. */
export async function takeValues(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<'float32'>();
  } finally {
    tensor.dispose();
  }
}
