import * as tf from '@tensorflow/tfjs-core';
import { checkInTree } from '../graph/in-tree.js';
import type { Context } from './context.js';
import type { AnyModule } from './module.js';

/** Runs `work` within a gradient, and checks the variables that the module's forward uses there by {@link checkInTree}. */
export function checkingForward<T>(module: AnyModule, work: () => T): T {
  if (!Object.isExtensible(module)) return work();
  const forward = Object.getOwnPropertyDescriptor(module, 'forward');
  const watched = module.forward;
  module.forward = (x: unknown, context: Context) => {
    const tape = () => tf.engine().state.activeTape ?? [];
    const start = tape().length;
    const output: unknown = watched.call(module, x, context);
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
