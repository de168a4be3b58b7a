import { download, type DownloadOptions } from './download.js';
import { shownUrl } from './shown-url.js';
import type { TransferLimits } from './transfer-limits.js';

/** Options of {@link fetchBytes}. */
export type FetchBytesOptions = TransferLimits & Pick<DownloadOptions, 'checkHead' | 'fetch'>;

/**
 * The bytes of a URL: http and https as `download` fetches them, data and blob.
 * @param url - Absolute, or in browsers relative to the page.
 * @throws Error that names the URL and the reason.
 */
export async function fetchBytes(url: string | URL, options: FetchBytesOptions = {}): Promise<Uint8Array> {
  const address = absolute(String(url));
  if (/^https?:/i.test(address)) return download(address, { retries: 1, ...options });
  try {
    const response = await fetch(address);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`${shownUrl(address)} cannot be read (${(error as Error).message}).`, { cause: error });
  }
}

/** In browsers, a URL that is relative to the page is completed. */
export function absolute(address: string): string {
  if (/^[a-z][\w+.-]*:/i.test(address)) return address;
  const { document, location } = globalThis as { document?: Document; location?: Location };
  const base = document?.baseURI ?? location?.href;
  return base !== undefined && URL.canParse(address, base) ? new URL(address, base).href : address;
}
