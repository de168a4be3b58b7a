import type { Random } from './random.js';

/**
 * What a forward pass is for. Evaluation is deterministic and changes nothing; training normalises by the batch,
 * updates running statistics, and drops at random, from a stream that the caller owns.
 */
export type Context = { readonly training: false } | { readonly training: true; readonly random: Random };

/** The context of evaluation. */
export const evaluation: Context = { training: false };
