import * as tf from '@tensorflow/tfjs-core';
import type { AnyModule } from './module.js';

/** A part of a module, with the path that leads to it. */
export type Part = readonly [name: string, part: AnyModule];

/** The parts of which a module is made, where it is nothing but one after the other; otherwise the module itself. */
export function partsOf(module: AnyModule): readonly Part[] {
  const { parts } = module as { parts?: () => readonly Part[] };
  return typeof parts === 'function' ? parts.call(module) : [['', module]];
}

/**
 * Runs parts one after the other. What lies between two of them is freed as soon as the second has run.
 * @param forward - Runs one part.
 */
export function runParts(
  parts: readonly Part[],
  x: unknown,
  forward: (part: Part, x: unknown) => unknown,
): unknown {
  return parts.reduce((y, part) => {
    const next = forward(part, y);
    if (y !== x && y !== next && isPassing(y)) y.dispose();
    return next;
  }, x);
}

/** Whether nobody holds a tensor, as a module holds its variables. */
function isPassing(y: unknown): y is tf.Tensor {
  return y instanceof tf.Tensor && !(y instanceof tf.Variable) && !y.kept;
}
