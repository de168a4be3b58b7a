import { openArchive } from '#open-archive';
import { shownUrl } from '../../core/shown-url.js';

/** The bytes of a path or URL, or those given; unpacked where they are gzip's, as `openArchive` does it. */
export async function readBytes(source: string | URL | Uint8Array): Promise<Uint8Array> {
  const archive = await openArchive(source, nameOf(source));
  try {
    return await archive.read(0, archive.size);
  } finally {
    archive.close();
  }
}

/** What to call a source in a message. */
export function nameOf(source: string | URL | Uint8Array): string {
  return source instanceof Uint8Array ? `The file of ${source.length} bytes` : shownUrl(source);
}
