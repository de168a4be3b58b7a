/** Every option of what reads weights, in a separate file, so that builders do not bring the readers into a page. */
import type { OptionNames } from '../core/errors.js';
import type { FetchOptions } from './sources/fetch-source.js';
import type { NetworkWeightsOptions } from './network-weights.js';
import type { ReadOptions } from './sources/read-source.js';

const fetchOptionNames: OptionNames<FetchOptions> = {
  hub: true,
  cache: true,
  sha256: true,
  onProgress: true,
  limits: true,
};

const readOptionNames: OptionNames<ReadOptions> = {
  ...fetchOptionNames,
  checkpointKey: true,
  parts: true,
};

export const networkWeightsOptionNames: OptionNames<NetworkWeightsOptions> = {
  ...readOptionNames,
  head: true,
};
