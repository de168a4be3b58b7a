import { nodeModule } from '../core/node-module.js';

type FileSystem = typeof import('node:fs/promises');
type Path = typeof import('node:path');

/** The folder in the cache of what is from the hub. */
const HUB_FOLDER = 'hub';

/** A file of the cache. */
export interface CachedFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** Whether files can be cached: in Node. */
export function canCache(): boolean {
  return (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
}

function modules() {
  const what = 'The cache of downloads';
  return {
    fs: nodeModule<FileSystem>('node:fs/promises', what),
    os: nodeModule<typeof import('node:os')>('node:os', what),
    path: nodeModule<Path>('node:path', what),
  };
}

/**
 * Where downloads from the hub are kept: the environment's `SKIPSCALE_CACHE`, or `skipscale` in the platform's folder of
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

/**
 * The bytes of a file of the cache; those of `fetch` where it is not there yet, which are then kept. A file is there whole
 * or not at all, however many processes write it. Where the disk takes none, it is not kept.
 * @param place - Its folders and name below the cache's.
 * @throws Error of `fetch`, and where to put the file.
 */
export async function cached(
  place: readonly string[],
  fetch: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { fs, path } = modules();
  const file = path.join(cacheFolder(), HUB_FOLDER, ...place);
  try {
    return await fs.readFile(file);
  } catch {
    // Not there, or not to be read.
  }
  let bytes: Uint8Array;
  try {
    bytes = await fetch();
  } catch (error) {
    throw new Error(`${(error as Error).message} To work without the network, put the file at ${file}.`, {
      cause: error,
    });
  }
  const partial = `${file}.${globalThis.crypto.randomUUID()}.partial`;
  try {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(partial, bytes);
    await fs.rename(partial, file);
  } catch {
    await fs.rm(partial, { force: true }).catch(() => undefined);
  }
  return bytes;
}

/**
 * Every file of the cache, sorted by path.
 * @throws Error in browsers.
 */
export async function listCache(): Promise<CachedFile[]> {
  const { fs, path } = modules();
  const entries = await fs
    .readdir(path.join(cacheFolder(), HUB_FOLDER), { recursive: true, withFileTypes: true })
    .catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => path.join(parentPath, name)).sort();
  return Promise.all(paths.map(async (path) => ({ path, size: (await fs.stat(path)).size })));
}

/**
 * Removes every file of the cache.
 * @throws Error in browsers.
 */
export async function clearCache(): Promise<void> {
  const { fs, path } = modules();
  // The folder may be one that the environment names, with files of others in it.
  await fs.rm(path.join(cacheFolder(), HUB_FOLDER), { recursive: true, force: true });
}
