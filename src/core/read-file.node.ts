import { readdir, readFile as readPath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchBytes, type FetchBytesOptions } from './fetch-bytes.js';

/**
 * The bytes of a file.
 * @param source - A path, or an http, https, file, data or blob URL.
 * @param options - As {@link fetchBytes} takes them; of a path, `maxBytes` counts.
 * @throws Error that names the source and why it cannot be read; also where it is no file, such as a pipe or a device,
 * which may never end.
 */
export async function readFile(source: string | URL, options: FetchBytesOptions = {}): Promise<Uint8Array> {
  if (/^(https?|data|blob):/i.test(String(source))) return fetchBytes(source, options);
  const path = typeof source === 'string' && source.startsWith('file:') ? new URL(source) : source;
  const bytes = await read(path, options.maxBytes).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${String(source)} cannot be read (${error.message}). Check the path.`, { cause: error });
  });
  if (typeof bytes === 'string') throw new Error(`${String(source)} is ${bytes}`);
  return bytes;
}

/** The bytes, or what the path is of that is no file, and what to give. */
async function read(path: string | URL, maxBytes = Infinity): Promise<Uint8Array | string> {
  const stats = await stat(path);
  if (stats.size > maxBytes) return `a file of ${stats.size} bytes, and ${maxBytes} are the limit.`;
  if (stats.isFile()) return readPath(path);
  if (stats.isDirectory()) {
    const names = await readdir(path);
    const weights = ['model.safetensors', 'best.safetensors'].find((name) => names.includes(name));
    return `a folder; give the path of a file in it${weights ? `, such as ${join(String(path), weights)}` : ''}.`;
  }
  const kind = stats.isFIFO() ? 'a pipe' : stats.isSocket() ? 'a socket' : 'a device';
  return `${kind}, which may never end; write it to a file, and give the path of that.`;
}
