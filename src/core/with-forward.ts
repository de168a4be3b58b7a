import type { Context } from './context.js';
import type { AnyModule } from './module.js';

/** A module's forward. */
export type Forward = (x: unknown, context: Context) => unknown;

/**
 * Runs `work` while a module has another forward.
 * @param change - Gets the forward that the module has, and gives the other one.
 */
export function withForward<T>(module: AnyModule, change: (forward: Forward) => Forward, work: () => T): T {
  const before = Object.getOwnPropertyDescriptor(module, 'forward');
  const forward = module.forward as Forward;
  const value = change((x, context) => forward.call(module, x, context));
  Object.defineProperty(module, 'forward', { value, configurable: true, writable: true, enumerable: false });
  try {
    return work();
  } finally {
    // The class's forward shows again.
    if (before) Object.defineProperty(module, 'forward', before);
    else Reflect.deleteProperty(module, 'forward');
  }
}
