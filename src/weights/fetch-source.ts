import { readFile } from '#read-file';
import type { OptionNames } from '../core/errors.js';
import { cached, canCache } from './cache.js';
import { download } from './download.js';
import { hubFile, type HubOptions } from './hub.js';
import { isIndexedDb, readIndexedDb } from './indexed-db.js';
import { urlFile } from './remote-file.js';
import { checkDigits, checkSha256 } from './sha256.js';
import type { Store } from './store.js';

/**
 * Where weights are: a path, a URL, `hf://owner/name[@revision]/file` on the Hugging Face hub, `indexeddb://name` in a
 * browser, a Blob or File, or the file's bytes.
 */
export type WeightsSource = string | URL | Blob | Uint8Array;

/** How weights are fetched. */
export interface FetchOptions {
  /** Where `hf://` leads. */
  readonly hub?: HubOptions;
  /**
   * Whether a download is kept, and taken from where it was kept, in Node: of `hf://`, and of a URL whose `sha256` is given,
   * which is the same file whenever. Default true.
   */
  readonly cache?: boolean;
  /**
   * The SHA-256 that the file must have, in hexadecimal digits; the first eight or more are enough. Of an index, not of the
   * files that it names. Default whatever the hub says of it.
   */
  readonly sha256?: string;
  /**
   * Told of a download: how many bytes have come, and how many there are if the server says so. A download that starts
   * anew counts from 0 again, and so does each file that an index names.
   */
  readonly onProgress?: (received: number, total: number | undefined) => void;
}

/** Every one of {@link FetchOptions}. */
export const fetchOptionNames: OptionNames<FetchOptions> = {
  hub: true,
  cache: true,
  sha256: true,
  onProgress: true,
};

/** Whether it is the address of a file, beside which others may be. */
export function isAddress(source: WeightsSource): source is string | URL {
  return !(source instanceof Uint8Array || source instanceof Blob);
}

/**
 * The bytes of a file of weights.
 * @throws Error that names the source and why it cannot be read, or is not the right one.
 */
export async function fetchSource(source: WeightsSource, options: FetchOptions = {}): Promise<Uint8Array> {
  const { sha256 } = options;
  if (sha256 !== undefined) checkDigits(sha256);
  const address = isAddress(source) ? absolute(String(source)) : 'The file';
  if (/^(hf|https?):\/\//.test(address)) return fetchRemote(address, options);
  const bytes = await readLocal(source);
  if (sha256 !== undefined) await checkSha256(bytes, sha256, address);
  return bytes;
}

/** In browsers, a URL that is relative to the page is completed. */
function absolute(address: string): string {
  const { document } = globalThis as { document?: Document };
  const isRelative = !/^[a-z][\w+.-]*:/i.test(address);
  return document && isRelative ? new URL(address, document.baseURI).href : address;
}

function fetchRemote(source: string, options: FetchOptions): Promise<Uint8Array> {
  const { hub, cache = true, sha256, onProgress } = options;
  const { url, headers, place } = source.startsWith('hf:') ? hubFile(source, hub) : urlFile(source, sha256);
  const fetch = (store?: Store) => download(url, { headers, store, sha256, onProgress });
  return cache && place && canCache() ? cached(place, fetch, sha256) : fetch();
}

async function readLocal(source: WeightsSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  return isIndexedDb(String(source)) ? readIndexedDb(String(source)) : readFile(source);
}
