import { readFile } from '#read-file';
import { download } from '../../core/download.js';
import { check, checkBoolean, checkOptions, shown } from '../../core/errors.js';
import { absolute } from '../../core/fetch-bytes.js';
import { isHtml } from '../../core/html.js';
import { checkDigits, checkSha256 } from '../../core/sha256.js';
import type { Store } from '../../core/store.js';
import { transferLimitNames, type TransferLimits } from '../../core/transfer-limits.js';
import { cached, canCache, unkept, type Kept } from './cache.js';
import { CheckpointError, ChoiceError } from '../formats/checkpoint.js';
import { hubFile, type HubOptions } from './hub.js';
import { isIndexedDb, readIndexedDb } from './indexed-db.js';
import { urlFile } from './remote-file.js';
import { naming, type WeightsSource } from './source-name.js';

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
   * Called during a download: how many bytes have come, and how many there are if the server says so. A download that starts
   * anew counts from 0 again, and so does each file that an index names.
   */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** Where a download ends, however slow or long it is. */
  readonly limits?: TransferLimits;
}

/** Whether it is the address of a file, next to which others may be. */
export function isAddress(source: WeightsSource): source is string | URL {
  return !(source instanceof Uint8Array || source instanceof Blob);
}

/**
 * What `parse` makes of files that belong together. They are kept after that, and not where it throws a CheckpointError: what
 * does not parse never gets into the cache, and what is there and does not is dropped and fetched once more. So is a small
 * file that comes damaged.
 * @throws Error of `parse`, with the name of the first file.
 * @throws Error that names the source and why it cannot be read, or is not the right one.
 */
export async function fetchParsed<T>(
  sources: readonly WeightsSource[],
  options: FetchOptions,
  parse: (files: readonly Uint8Array[]) => T | Promise<T>,
): Promise<T> {
  let damage: Error | undefined;
  for (;;) {
    const files = await fetchAll(sources, options).catch((error: unknown) => {
      throw damage ? afterDamage(error as Error, damage) : error;
    });
    try {
      const bytes = files.map(({ bytes }) => bytes);
      const parsed = await (sources[0] === undefined ? parse(bytes) : naming(sources[0], () => parse(bytes)));
      await Promise.all(files.map((file) => file.keep()));
      return parsed;
    } catch (error) {
      const isDamaged = error instanceof CheckpointError && !(error instanceof ChoiceError);
      await Promise.all(files.map((file) => (isDamaged ? file.drop() : file.keep())));
      if (!isDamaged) throw error;
      if (files.some(({ bytes }) => isHtml(bytes))) error.message += ' It is a page of HTML.';
      if (damage || !files.some(isWorthAnother)) throw error;
      damage = error;
    }
  }
}

/** A file that was fetched. */
interface Fetched extends Kept {
  /** Whether it came from a server just now. */
  readonly isNew: boolean;
}

/** Bytes of a file that another request for costs nothing. */
const SMALL = 2 ** 20;

function isWorthAnother({ wasKept, isNew, bytes }: Fetched): boolean {
  return wasKept || (isNew && bytes.length <= SMALL);
}

function afterDamage(error: Error, damage: Error): Error {
  return new Error(`${error.message} What came or was kept before is damaged: ${damage.message}`, {
    cause: error,
  });
}

async function fetchAll(sources: readonly WeightsSource[], options: FetchOptions): Promise<Fetched[]> {
  const files: Fetched[] = [];
  try {
    for (const source of sources) files.push(await fetchOne(source, options));
    return files;
  } catch (error) {
    await Promise.all(files.filter(({ isNew }) => isNew).map((file) => file.drop()));
    throw error;
  }
}

function checkSource(source: WeightsSource): void {
  const isUrl = Object.prototype.toString.call(source) === '[object URL]';
  check(
    typeof source === 'string' || isUrl || !isAddress(source),
    () =>
      `The weights are ${shown(source)}; give a path, a URL, a Blob, or the file's bytes as a Uint8Array.`,
  );
  check(source !== '', () => 'The path of the weights is empty; give a path or a URL.');
}

async function fetchOne(source: WeightsSource, options: FetchOptions): Promise<Fetched> {
  checkSource(source);
  const { sha256, cache = true } = options;
  checkBoolean('cache', cache);
  if (sha256 !== undefined) checkDigits(sha256);
  const address = isAddress(source) ? absolute(String(source)) : 'The file';
  if (/^(hf|https?):\/\//.test(address)) return fetchRemote(address, options);
  const bytes = await readLocal(source, options.limits);
  if (sha256 !== undefined) await checkSha256(bytes, sha256, address);
  return { ...unkept, bytes, isNew: false };
}

async function fetchRemote(source: string, options: FetchOptions): Promise<Fetched> {
  const { hub, cache = true, sha256, onProgress, limits = {} } = options;
  checkOptions('limits', limits, transferLimitNames);
  const { url, headers, place } = source.startsWith('hf:') ? hubFile(source, hub) : urlFile(source, sha256);
  const fetch = (store?: Store) => download(url, { ...limits, headers, store, sha256, onProgress });
  const file =
    cache && place && canCache() ? await cached(place, fetch, sha256) : { ...unkept, bytes: await fetch() };
  return { ...file, isNew: !file.wasKept };
}

async function readLocal(source: WeightsSource, limits?: TransferLimits): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  return isIndexedDb(String(source)) ? readIndexedDb(String(source)) : readFile(source, limits);
}
