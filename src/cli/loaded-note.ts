import { shownUrl } from '../core/shown-url.js';
import type { LoadedWeights } from '../index.js';

/** More names than these fill a screen and say no more. */
const MOST_NAMES = 12;

/** Says on standard error which weights of a file were taken, and what of it was left out, where there is more than weights. */
export function noteLoaded(weights: string): (loaded: LoadedWeights) => void {
  return ({ key, skipped }) => {
    if (skipped.length === 0) return;
    const more = skipped.length > MOST_NAMES ? ` and ${skipped.length - MOST_NAMES} more` : '';
    const taken = key === '' ? 'the weights' : `the weights '${key}'`;
    console.error(
      `skipscale: loaded ${taken} of ${shownUrl(weights)}; left out ${skipped.slice(0, MOST_NAMES).join(', ')}${more}.`,
    );
  };
}
