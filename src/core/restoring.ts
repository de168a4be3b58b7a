import * as tf from '@tensorflow/tfjs-core';

/** Runs `work`; where it fails, the variables have the values again that they had before. */
export async function restoringOnError<T>(
  variables: readonly tf.Variable[],
  work: () => Promise<T>,
): Promise<T> {
  // A clone shares its variable's data until that gets others.
  const before = tf.tidy(() => variables.map((variable) => tf.clone(variable as tf.Tensor)));
  try {
    return await work();
  } catch (error) {
    variables.forEach((variable, i) => {
      if (!variable.isDisposed) variable.assign(before[i]!);
    });
    throw error;
  } finally {
    tf.dispose(before);
  }
}
