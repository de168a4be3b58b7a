import * as tf from '@tensorflow/tfjs-core';
import type { AnyModule } from '../core/module.js';
import { tensorsIn } from '../core/tensors.js';

/** The ways into a module. */
const entries = ['forward', 'forwardFused', 'forwardAdded'] as const;

type Entry = (...args: unknown[]) => unknown;

/**
 * The path of the first module, innermost first, whose output is not finite in a forward pass that `run` makes;
 * undefined where all are finite.
 */
export function firstNonFinite(root: AnyModule, run: () => unknown): string | undefined {
  let found: string | undefined;
  const watched: { module: Record<string, unknown>; entry: string }[] = [];
  for (const { name, module } of root.namedModules()) {
    const fields = module as unknown as Record<string, unknown>;
    for (const entry of entries) {
      const original = fields[entry];
      if (typeof original !== 'function') continue;
      fields[entry] = (...args: unknown[]) => {
        const y = (original as Entry).apply(module, args);
        if (!isFinite(y)) found ??= name;
        return y;
      };
      watched.push({ module: fields, entry });
    }
  }
  try {
    tf.tidy(() => {
      run();
    });
  } finally {
    // What a module has of its class shows again.
    for (const { module, entry } of watched) Reflect.deleteProperty(module, entry);
  }
  return found;
}

function isFinite(output: unknown): boolean {
  return tensorsIn(output).every(([, tensor]) => tensor.dataSync<'float32'>().every(Number.isFinite));
}
