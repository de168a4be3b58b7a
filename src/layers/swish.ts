import * as tf from '@tensorflow/tfjs-core';

/**
 * x * sigmoid(x), of x's shape. Its gradient, s * (1 + x * (1 - s)) with s = sigmoid(x), is computed from x alone, so
 * that training keeps one tensor an activation and not three.
 */
export function swish<T extends tf.Tensor>(x: T): T {
  const operation = tf.customGrad((input, save) => {
    const x = input as tf.Tensor;
    (save as tf.GradSaveFunc)([x]);
    return {
      value: tf.mul(x, tf.sigmoid(x)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => swishGradient(saved[0]!, dy),
    };
  });
  return operation(x) as T;
}

function swishGradient(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const s = tf.sigmoid(x);
    return tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(x, tf.sub(1, s)))));
  });
}
