import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel, takesGradient } from '../core/kernels.js';

/**
 * x * sigmoid(x), of x's shape. Its gradient, s * (1 + x * (1 - s)) with s = sigmoid(x), is computed from x alone, so
 * that training keeps one tensor an activation and not three.
 */
export function swish<T extends tf.Tensor>(x: T): T {
  const operation = tf.customGrad((input, save) => {
    const x = input as tf.Tensor;
    (save as tf.GradSaveFunc)([x]);
    return {
      value: hasKernel('Swish') ? runKernel('Swish', { x }) : tf.mul(x, tf.sigmoid(x)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => swishGradient(saved[0]!, dy),
    };
  });
  return operation(x) as T;
}

function swishGradient(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  if (hasKernel('SwishGrad')) return runKernel('SwishGrad', { x, dy });
  return tf.tidy(() => {
    const s = tf.sigmoid(x);
    return tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(x, tf.sub(1, s)))));
  });
}

/** Whether a fused convolution may end with swish: the backend knows it, and no gradient is asked for. */
export function fusesSwish(): boolean {
  return hasKernel('Swish') && !takesGradient();
}
