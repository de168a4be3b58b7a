/** The names of options; in a file that imports nothing else, so that the builders do not load what reads weights. */
import type { OptionNames } from '../core/errors.js';
import type { FetchOptions } from './fetch-source.js';
import type { NetworkWeightsOptions } from './network-weights.js';
import type { ReadOptions } from './read-source.js';

export const fetchOptionNames: OptionNames<FetchOptions> = {
  hub: true,
  cache: true,
  sha256: true,
  onProgress: true,
  limits: true,
};

export const readOptionNames: OptionNames<ReadOptions> = {
  ...fetchOptionNames,
  checkpointKey: true,
  parts: true,
};

export const networkWeightsOptionNames: OptionNames<NetworkWeightsOptions> = {
  ...readOptionNames,
  head: true,
};
