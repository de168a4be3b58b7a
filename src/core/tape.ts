import * as tf from '@tensorflow/tfjs-core';

/**
 * tf.tidy of `compute`, which takes gradients. Where it throws, such as for want of memory, frees the tensors that were
 * kept for the way back: tfjs does so only where all goes well.
 */
export function freeingTape<T extends tf.TensorContainer>(compute: () => T): T {
  const engine = tf.engine();
  const { keep, state } = engine;
  // Within another gradient the tape is that one's, which frees it when this error comes to it.
  if (state.gradientDepth > 0) return tf.tidy(compute);
  const kept: tf.Tensor[] = [];
  engine.keep = (tensor) => {
    kept.push(tensor);
    return keep.call(engine, tensor) as typeof tensor;
  };
  try {
    return tf.tidy(compute);
  } catch (error) {
    tf.dispose(kept);
    state.activeTape = null as never;
    throw error;
  } finally {
    engine.keep = keep;
  }
}

/**
 * The gradients of `forward`'s value with respect to `xs`, given the value's gradient `dy`, on the way back of another
 * gradient, whose tape stays as it is; zeros where the value does not depend on an x.
 */
export function nestedGradients(
  forward: () => tf.Tensor,
  xs: readonly tf.Tensor[],
  dy: tf.Tensor,
): tf.Tensor[] {
  const { state } = tf.engine();
  const { activeTape } = state;
  try {
    return freeingTape(() => {
      const { grads } = tf.engine().gradients(forward, [...xs], dy, true);
      // tfjs leaves out what the value does not depend on.
      return xs.map((x, i) => (grads as (tf.Tensor | undefined)[])[i] ?? tf.zerosLike(x));
    });
  } finally {
    state.activeTape = activeTape;
  }
}
