import type * as tf from '@tensorflow/tfjs-core';

/**
 * What `make` makes of each item. It passes each variable that it makes to `made`, which gives it back: where one cannot be
 * made, such as for want of memory, all before it are freed.
 */
export function allOrNone<Item, Result>(
  items: Iterable<Item>,
  make: (item: Item, made: (variable: tf.Variable) => tf.Variable) => Result,
): Result[] {
  const variables: tf.Variable[] = [];
  const made = (variable: tf.Variable) => {
    variables.push(variable);
    return variable;
  };
  try {
    return Array.from(items, (item) => make(item, made));
  } catch (error) {
    for (const variable of variables) variable.dispose();
    throw error;
  }
}
