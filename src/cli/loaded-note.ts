import { listed } from '../core/listed.js';
import { shownUrl } from '../core/shown-url.js';
import type { LoadedWeights } from '../index.js';

/** Says on standard error which weights of a file were taken, and what of it was left out, where there is more than weights. */
export function noteLoaded(weights: string): (loaded: LoadedWeights) => void {
  return ({ key, skipped }) => {
    if (skipped.length === 0) return;
    const taken = key === '' ? 'the weights' : `the weights '${key}'`;
    console.error(`skipscale: loaded ${taken} of ${shownUrl(weights)}; left out ${listed(skipped)}.`);
  };
}
