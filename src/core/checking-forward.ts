import * as tf from '@tensorflow/tfjs-core';
import { checkInTree } from '../graph/in-tree.js';
import type { AnyModule } from './module.js';
import { withForward, type Forward } from './with-forward.js';

/** Runs `work` within a gradient, and checks the variables that the module's forward uses there by {@link checkInTree}. */
export function checkingForward<T>(module: AnyModule, work: () => T): T {
  if (!Object.isExtensible(module)) return work();
  const checking =
    (forward: Forward): Forward =>
    (x, context) => {
      const tape = () => tf.engine().state.activeTape ?? [];
      const start = tape().length;
      const output = forward(x, context);
      const used = tape()
        .slice(start)
        .flatMap(({ inputs }) => Object.values(inputs));
      checkInTree(module, new Set(used));
      return output;
    };
  return withForward(module, checking, work);
}
