import { fetchBytes, type FetchBytesOptions } from './fetch-bytes.js';

/**
 * The bytes of a file.
 * @param source - A URL, absolute or relative to the page.
 * @param options - As {@link fetchBytes} takes them.
 * @throws Error that names the source and why it cannot be read.
 */
export function readFile(source: string | URL, options?: FetchBytesOptions): Promise<Uint8Array> {
  return fetchBytes(source, options);
}
