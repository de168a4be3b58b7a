import * as tf from '@tensorflow/tfjs-core';

/** Runs `work`; where it fails, the variables have the values again that they had before. */
export async function restoringOnError<T>(
  variables: readonly tf.Variable[],
  work: () => Promise<T>,
): Promise<T> {
  const before = clones(variables);
  try {
    return await work();
  } catch (error) {
    restore(variables, before);
    throw error;
  } finally {
    tf.dispose(before);
  }
}

/** As {@link restoringOnError}, of work that is done at once. */
export function restoringOnErrorSync(variables: readonly tf.Variable[], work: () => void): void {
  const before = clones(variables);
  try {
    work();
  } catch (error) {
    restore(variables, before);
    throw error;
  } finally {
    tf.dispose(before);
  }
}

/** A clone shares its variable's data until that gets others. */
function clones(variables: readonly tf.Variable[]): tf.Tensor[] {
  return tf.tidy(() => variables.map((variable) => tf.clone(variable as tf.Tensor)));
}

function restore(variables: readonly tf.Variable[], before: readonly tf.Tensor[]): void {
  variables.forEach((variable, i) => {
    if (!variable.isDisposed) variable.assign(before[i]!);
  });
}
