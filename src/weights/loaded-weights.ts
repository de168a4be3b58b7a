import type { SourceName } from './names/name-map.js';
import type { NetworkWeightsOptions } from './network-weights.js';

/** Options of `load`. */
export interface LoadWeightsOptions extends NetworkWeightsOptions {
  /**
   * Whether every variable must be in the checkpoint and every tensor of the checkpoint in the model, and the model must
   * have the convention of the source's networks, and the shortcut and the colours (`channels`, `scale`, `mean`, `std` of
   * the preprocessing) of a file of `encode`, with others of which the same weights give other results. `false` loads what is in both; shapes must agree even then. Default true.
   */
  readonly strict?: boolean;
  /**
   * Parts of the model that keep the values that they have, whatever the checkpoint has for them: names of variables or the beginning
   * of their path, such as `head` or `stages.3`. Default none.
   */
  readonly except?: readonly string[];
}

/** What `load` did. */
export interface LoadedWeights {
  /** Whose names the checkpoint has, such as `torchvision`. */
  readonly source: SourceName;
  /** Names of the model's variables that were loaded. */
  readonly loaded: readonly string[];
  /** Keys that the model has and the checkpoint has not. */
  readonly missing: readonly string[];
  /** Keys that the checkpoint has and the model has not. */
  readonly extra: readonly string[];
  /**
   * Where in the file the weights were, such as `state_dict_ema`, and the prefix of their names, such as `module`; empty where they
   * are all that it holds.
   */
  readonly key: string;
  /** What of the file is not the network's: objects of a training script, an optimizer's tensors, other weights. */
  readonly skipped: readonly string[];
}
