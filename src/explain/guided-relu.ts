import * as tf from '@tensorflow/tfjs-core';
import { withReluAlone } from '../core/kernels.js';

/** By the name of tfjs's kernel, where a gradient goes through. */
const passes: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  Relu: (x) => tf.step(x),
  Relu6: (x) => tf.mul(tf.cast(tf.lessEqual(x, 6), 'float32'), tf.step(x)),
};

/** Runs `compute`, which takes gradients at once, while ReLUs let only positive gradients through. */
export function withGuidedRelu<T>(compute: () => T): T {
  const before = Object.keys(passes).map((kernelName) => tf.getGradient(kernelName));
  for (const [kernelName, pass] of Object.entries(passes)) {
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      inputsToSave: ['x'],
      gradFunc: (dy, [x]) => ({ x: () => tf.mul(tf.relu(dy as tf.Tensor), pass(x!)) }),
    });
  }
  try {
    return withReluAlone(compute);
  } finally {
    for (const config of before) {
      tf.unregisterGradient(config.kernelName);
      tf.registerGradient(config);
    }
  }
}
