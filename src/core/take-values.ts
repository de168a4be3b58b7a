import * as tf from '@tensorflow/tfjs-core';
import { check } from './errors.js';

/** The values of a tensor, which is freed; also where it cannot be read, such as when a graphics card was lost. */
export async function takeValues(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<'float32'>();
  } finally {
    tensor.dispose();
  }
}

/**
 * The values of a variable, its axes in the order `axes`.
 * @throws ArgumentError where it was disposed of, such as while those before it were read.
 */
export async function readVariable(variable: tf.Variable, axes?: readonly number[]): Promise<Float32Array> {
  check(
    !variable.isDisposed,
    () => 'The model was disposed of while its weights were read; dispose of it after.',
  );
  return axes ? takeValues(tf.transpose(variable as tf.Tensor, [...axes])) : variable.data<'float32'>();
}
