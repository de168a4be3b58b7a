import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../core/kernels.js';

/**
 * relu(a + b), of two tensors of one shape: the end of a residual block. One operation whose gradient needs the output
 * alone, where the backend has it.
 */
export function addRelu(a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D {
  if (!hasKernel('AddRelu')) return tf.tidy(() => tf.relu(tf.add(a, b)));
  const operation = tf.customGrad((...args) => {
    const [a, b, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const y = runKernel('AddRelu', { a, b });
    save([y]);
    return {
      value: y,
      gradFunc: (dy, [y]) => {
        const gradient = runKernel('ReluGrad', { y: y!, dy: dy as tf.Tensor });
        return [gradient, tf.clone(gradient)];
      },
    };
  });
  return operation(a, b) as tf.Tensor4D;
}

/** a + b, and then an activation. */
export function addThen(a: tf.Tensor4D, b: tf.Tensor4D, then: 'linear' | 'relu'): tf.Tensor4D {
  return then === 'relu' ? addRelu(a, b) : tf.add(a, b);
}
