import type { Random } from './random.js';

/**
 * What a forward pass is for. Evaluation is deterministic and changes nothing; training normalises by the batch,
 * updates running statistics, and drops at random, from a stream that the caller owns.
 */
export type Context = { readonly training: false } | TrainingContext;

/** The context of training. */
export interface TrainingContext {
  readonly training: true;
  readonly random: Random;
  /**
   * Whether a model's blocks keep only their input for the way back, where they run again (gradient checkpointing, Chen
   * et al. 2016, arXiv 1604.06174). Takes less memory and more time; the gradients are the same. Default false.
   */
  readonly recompute?: boolean;
  /** Whether running statistics stay as they are, as in a block's second run. Default false. */
  readonly keepStatistics?: boolean;
}

/** The context of evaluation. */
export const evaluation: Context = { training: false };
