import type { NamedModelOptions } from '../load-model.js';

/** A part of the work, of several. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The options of `skipscale predict`. */
export interface PredictCommandOptions extends NamedModelOptions {
  out: string;
  top: number;
  features?: string;
  column?: string;
  batchSize: number;
  shard?: Shard;
  workers: number;
  allowPrivate?: boolean;
}

/** How many images had which end. */
export interface Counts {
  images: number;
  errors: number;
}
