import { readFile } from '#read-file';
import { nodeFiles } from '../../core/node-module.js';
import { checkSha256 } from '../../core/sha256.js';
import type { Store } from '../../core/store.js';
import { TransferError } from '../../core/transfer-error.js';
import { DiskError, isPartial, PartialFile } from '../formats/partial-file.js';
import { cacheFolders, type Place } from './remote-file.js';

/** After this time, in milliseconds, nobody continues a download: a week. */
const STALE = 7 * 24 * 60 * 60 * 1000;

/** A file of the cache. */
export interface CachedFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Whether it is the begin of a file, which a download left that broke off, or has not finished yet. */
  readonly partial: boolean;
}

/** Whether files can be cached: in Node. */
export function canCache(): boolean {
  return (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
}

function modules() {
  return nodeFiles('The cache of downloads');
}

/**
 * Where downloads are kept: the environment's `SKIPSCALE_CACHE`, or `skipscale` in the platform's folder of
 * caches (`XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`).
 * @throws Error in browsers.
 */
export function cacheFolder(): string {
  const { os, path } = modules();
  const { env, platform } = process;
  if (env['SKIPSCALE_CACHE']) return env['SKIPSCALE_CACHE'];
  const home = os.homedir();
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', 'skipscale');
  if (platform === 'win32')
    return path.join(env['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local'), 'skipscale');
  return path.join(env['XDG_CACHE_HOME'] || path.join(home, '.cache'), 'skipscale');
}

/** A file that the cache had or has fetched. */
export interface Kept {
  readonly bytes: Uint8Array;
  /** Whether the cache had it. */
  readonly wasKept: boolean;
  /** Keeps it, whole or not at all, however many processes write it; not where the disk takes none. */
  keep(): Promise<void>;
  /** Leaves no trace of it in the cache. */
  drop(): Promise<void>;
}

/**
 * A file of the cache. Where it is not there yet, or has another SHA-256, `fetch` downloads it into a store on disk, which may
 * hold a begin of it already; whoever has looked at it then keeps or drops it. Where the disk takes none, `fetch` is left to
 * collect it in memory.
 * @throws Error of `fetch`, and where to put the file if the network is at fault.
 */
export async function cached(
  place: Place,
  fetch: (store?: Store) => Promise<Uint8Array>,
  sha256?: string,
): Promise<Kept> {
  const { fs, path } = modules();
  const file = path.join(cacheFolder(), ...place);
  try {
    // Of a pipe or a device it throws, whose read might never end; a new file takes their place.
    const bytes = await readFile(file);
    if (sha256 !== undefined) await checkSha256(bytes, sha256, file);
    return { bytes, wasKept: true, keep: async () => undefined, drop: () => fs.rm(file, { force: true }) };
  } catch {
    // Not there, not to be read, or not the right one.
  }
  try {
    return await fetchInto(file, fetch);
  } catch (error) {
    const { message, cause } = error as Error;
    if (!(cause instanceof TransferError)) throw error;
    throw new Error(`${message} To work without the network, put the file at ${file}.`, {
      cause: error,
    });
  }
}

async function fetchInto(file: string, fetch: (store?: Store) => Promise<Uint8Array>): Promise<Kept> {
  let partial: PartialFile | undefined;
  try {
    await removeStale();
    const store = (partial = await PartialFile.open(file));
    const bytes = await fetch(store);
    return {
      bytes,
      wasKept: false,
      keep: () => store.keep().catch(() => store.close().catch(() => undefined)),
      drop: () => store.restart().catch(() => undefined),
    };
  } catch (error) {
    if (!(error instanceof DiskError)) {
      await partial?.close().catch(() => undefined);
      throw error;
    }
    await partial?.restart().catch(() => undefined);
    tellUnusable(error);
    return { ...unkept, bytes: await fetch() };
  }
}

let isWarned = false;

/** Says once that the folder which the user chose takes no files. */
function tellUnusable({ message }: DiskError): void {
  const folder = process.env['SKIPSCALE_CACHE'];
  if (!folder || isWarned) return;
  isWarned = true;
  console.warn(
    `skipscale: SKIPSCALE_CACHE is '${folder}', and a download cannot be kept there (${message}); give a folder that can be written.`,
  );
}

/** Of a file that no place is kept for. */
export const unkept = { wasKept: false, keep: async () => undefined, drop: async () => undefined } as const;

/** Removes what nobody will continue. */
async function removeStale(): Promise<void> {
  const { fs } = modules();
  for (const { path, partial, modified } of await files()) {
    if (partial && Date.now() - modified > STALE) await fs.rm(path, { force: true }).catch(() => undefined);
  }
}

/** Every file that is in the cache, sorted by path, with the time of its last change. */
async function files(): Promise<(CachedFile & { modified: number })[]> {
  const { fs, path } = modules();
  const options = { recursive: true, withFileTypes: true } as const;
  const entries = cacheFolders.map((folder) =>
    fs.readdir(path.join(cacheFolder(), folder), options).catch(() => []),
  );
  const found = (await Promise.all(entries)).flat().filter((entry) => entry.isFile());
  const paths = found.map(({ parentPath, name }) => path.join(parentPath, name)).sort();
  const described = paths.map(async (path) => {
    // Another process may have removed it since.
    const stats = await fs.stat(path).catch(() => undefined);
    return stats ? [{ path, size: stats.size, partial: isPartial(path), modified: stats.mtimeMs }] : [];
  });
  return (await Promise.all(described)).flat();
}

/**
 * Every file of the cache, sorted by path, those of unfinished downloads among them.
 * @throws Error in browsers.
 */
export async function listCache(): Promise<CachedFile[]> {
  return (await files()).map(({ path, size, partial }) => ({ path, size, partial }));
}

/**
 * Removes every file of the cache, those of unfinished downloads too.
 * @throws Error in browsers.
 */
export async function clearCache(): Promise<void> {
  const { fs, path } = modules();
  // The folder may be one that the environment names, with files of others in it.
  for (const folder of cacheFolders)
    await fs.rm(path.join(cacheFolder(), folder), { recursive: true, force: true });
}
