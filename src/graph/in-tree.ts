import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../core/errors.js';

/** What has to be known of a module here. */
interface Tree {
  namedVariables(): Iterable<{ readonly variable: tf.Variable }>;
}

/**
 * Throws where one of these tensors is a variable that the module's tree does not have. Give what a forward pass of the module
 * used: a variable outside the tree would be neither trained nor saved.
 * @throws ArgumentError
 */
export function checkInTree(module: Tree, used: Iterable<tf.Tensor>): void {
  const known = new Set<tf.Tensor>(Array.from(module.namedVariables(), ({ variable }) => variable));
  for (const tensor of used) {
    if (!(tensor instanceof tf.Variable) || tensor.isDisposed || known.has(tensor)) continue;
    throw new ArgumentError(
      `${module.constructor.name} uses a variable of shape [${tensor.shape}] that is not in its tree, ` +
        'so it would be neither trained nor saved. Keep the module that has it in a public field of this module ' +
        '(a #private one cannot be seen), or in an array, a plain object or a Map in such a field. ' +
        'Freeze it where it must not be trained.',
    );
  }
}
