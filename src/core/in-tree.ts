import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from './errors.js';
import type { AnyModule } from './module.js';

/**
 * Throws where one of these tensors is a variable that the module's tree does not have. Give what a forward pass of the module
 * used: a variable outside the tree would be neither trained nor saved.
 * @throws ArgumentError
 */
export function checkInTree(module: AnyModule, used: Iterable<tf.Tensor>): void {
  const known = new Set<tf.Tensor>(module.variables());
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

/** Runs `work` within a gradient, and checks the variables that the module's forward uses there by {@link checkInTree}. */
export function checkingForward<T>(module: AnyModule, work: () => T): T {
  const forward = Object.getOwnPropertyDescriptor(module, 'forward');
  const watched = module.forward;
  module.forward = (...args) => {
    const tape = () => tf.engine().state.activeTape ?? [];
    const start = tape().length;
    const output: unknown = watched.apply(module, args);
    checkInTree(
      module,
      new Set(
        tape()
          .slice(start)
          .flatMap(({ inputs }) => Object.values(inputs)),
      ),
    );
    return output;
  };
  try {
    return work();
  } finally {
    // The class's forward shows again.
    if (forward) Object.defineProperty(module, 'forward', forward);
    else Reflect.deleteProperty(module, 'forward');
  }
}
