import { fetchParsed, type FetchOptions } from '../../src/weights/sources/fetch-source.js';
import type { WeightsSource } from '../../src/weights/sources/source-name.js';

/** The bytes of a file, fetched as weights are, whatever they are. */
export function fetchSource(source: WeightsSource, options: FetchOptions = {}): Promise<Uint8Array> {
  return fetchParsed([source], options, ([bytes]) => bytes!);
}
