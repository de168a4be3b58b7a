import { readFile } from '#read-file';
import { shownUrl } from '../../core/shown-url.js';

/** The bytes of a path or URL, or those given; unpacked where they are gzip's. */
export async function readBytes(source: string | URL | Uint8Array): Promise<Uint8Array> {
  const bytes = source instanceof Uint8Array ? source : await readFile(source);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    const unpacked = stream.pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  } catch (error) {
    throw new Error(`${nameOf(source)} is damaged: gzip cannot unpack it. Fetch it again.`, { cause: error });
  }
}

/** What to call a source in a message. */
export function nameOf(source: string | URL | Uint8Array): string {
  return source instanceof Uint8Array ? `The file of ${source.length} bytes` : shownUrl(source);
}
