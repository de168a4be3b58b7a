import { readFile } from '#read-file';
import { download } from './download.js';
import { hubFile, type HubOptions } from './hub.js';

/** The bytes of a path, a URL, or `hf://owner/name[@revision]/file`. */
export function fetchSource(source: string | URL, hub?: HubOptions): Promise<Uint8Array> {
  const text = String(source);
  if (text.startsWith('hf://')) {
    const { url, headers } = hubFile(text, hub);
    return download(url, { headers });
  }
  return /^https?:/.test(text) ? download(text) : readFile(source);
}
