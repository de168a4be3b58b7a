import { readFile } from '#read-file';
import { cached, canCache } from './cache.js';
import { download } from './download.js';
import { hubFile, type HubOptions } from './hub.js';

/** The bytes of a path, a URL, or `hf://owner/name[@revision]/file`; the latter's are kept. */
export function fetchSource(source: string | URL, hub?: HubOptions): Promise<Uint8Array> {
  const text = String(source);
  if (text.startsWith('hf://')) {
    const { url, headers, place } = hubFile(text, hub);
    const fetch = () => download(url, { headers });
    return (hub?.cache ?? true) && canCache() ? cached(place, fetch) : fetch();
  }
  return /^https?:/.test(text) ? download(text) : readFile(source);
}
