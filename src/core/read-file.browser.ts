import { fetchBytes } from './fetch-bytes.js';

/**
 * The bytes of a file.
 * @param source - A URL, absolute or relative to the page.
 * @throws Error that names the source and why it cannot be read.
 */
export function readFile(source: string | URL): Promise<Uint8Array> {
  return fetchBytes(source);
}
