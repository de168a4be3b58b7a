import { readFile as readPath } from 'node:fs/promises';
import { fetchBytes } from './fetch-bytes.js';

/**
 * The bytes of a file.
 * @param source - A path, or an http, https, file, data or blob URL.
 * @throws Error that names the source and why it cannot be read.
 */
export async function readFile(source: string | URL): Promise<Uint8Array> {
  if (/^(https?|data|blob):/.test(String(source))) return fetchBytes(source);
  const path = typeof source === 'string' && source.startsWith('file:') ? new URL(source) : source;
  try {
    return await readPath(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'EISDIR'
        ? `${String(source)} is a folder; give the path of a file in it.`
        : `${String(source)} cannot be read (${message}). Check the path.`,
      { cause: error },
    );
  }
}
