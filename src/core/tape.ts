import * as tf from '@tensorflow/tfjs-core';

/**
 * tf.tidy of `compute`, which takes gradients. Where it throws, such as for want of memory, frees the tensors that were
 * saved for the way back: tfjs does so only where all goes well.
 */
export function freeingTape<T extends tf.TensorContainer>(compute: () => T): T {
  try {
    return tf.tidy(compute);
  } catch (error) {
    const { state } = tf.engine();
    // Within another gradient the tape is that one's, which frees it when this error comes to it.
    if (state.gradientDepth === 0) {
      for (const { saved } of state.activeTape ?? []) tf.dispose(saved ?? []);
      state.activeTape = null as never;
    }
    throw error;
  }
}
