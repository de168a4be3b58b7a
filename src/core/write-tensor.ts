import * as tf from '@tensorflow/tfjs-core';

/** A backend whose new tensors can be written where they lie, such as `simd`. */
interface WritableBackend {
  /** A new tensor of floats whose values `write` sets, every one. */
  writeNew(shape: number[], write: (values: Float32Array) => void): tf.TensorInfo;
}

/** A tensor of floats whose values `write` sets, every one, in the backend's memory where it can be written. */
export function writeTensor(shape: number[], write: (values: Float32Array) => void): tf.Tensor {
  const backend = tf.backend() as Partial<WritableBackend>;
  if (backend.writeNew) return tf.engine().makeTensorFromTensorInfo(backend.writeNew(shape, write));
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  write(values);
  return tf.tensor(values, shape);
}
