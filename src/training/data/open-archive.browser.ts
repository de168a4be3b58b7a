import { readFile } from '#read-file';
import { ArgumentError } from '../../core/errors.js';
import {
  bytesOf,
  checkUnpacked,
  chunksOf,
  damagedGzip,
  isGzip,
  type ArchiveBytes,
  type ArchiveSource,
} from './archive-bytes.js';

/**
 * The bytes of an archive, unpacked where they are gzip's. A page keeps what is unpacked as a `Blob`, which browsers put on
 * the disk where it is large.
 * @param name - Of the archive, for errors.
 * @throws Error where the source cannot be read or unpacked.
 */
export async function openArchive(source: ArchiveSource, name: string): Promise<ArchiveBytes> {
  const packed = bytesOf(
    typeof source === 'string' || source instanceof URL ? await readFile(source) : source,
  );
  if (!(await isGzip(packed))) return packed;
  let [read, unpacked] = [0, 0];
  const parts = chunksOf(packed);
  const stream = new ReadableStream<BufferSource>({
    pull: async (controller) => {
      const { done, value } = await parts.next();
      if (done) return controller.close();
      read += value.length;
      controller.enqueue(value);
    },
  });
  const checked = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      checkUnpacked(name, (unpacked += chunk.length), read);
      controller.enqueue(chunk);
    },
  });
  const content = stream.pipeThrough(new DecompressionStream('gzip')).pipeThrough(checked);
  try {
    return bytesOf(await new Response(content as ReadableStream<Uint8Array<ArrayBuffer>>).blob());
  } catch (error) {
    throw error instanceof ArgumentError ? error : damagedGzip(name, unpacked, error);
  }
}
