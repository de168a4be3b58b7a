import { check } from '../../core/errors.js';

/** Bytes that are read by their place, wherever they are. */
export interface ArchiveBytes {
  /** How many there are. */
  readonly size: number;
  /** @throws Error where there are not so many. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Nothing is read any more. */
  close(): void;
}

/** What an archive is read from: a path or a URL, its bytes, or a `File` of a page. */
export type ArchiveSource = string | URL | Uint8Array | Blob;

/** Bytes that are read at a time. */
const CHUNK = 2 ** 20;

/** Bytes in memory, or of a `Blob`. */
export function bytesOf(source: Uint8Array | Blob): ArchiveBytes {
  return {
    size: source instanceof Blob ? source.size : source.length,
    read: async (offset, length) => {
      const end = offset + length;
      if (source instanceof Blob) return new Uint8Array(await source.slice(offset, end).arrayBuffer());
      return source.subarray(offset, end);
    },
    close: () => {},
  };
}

/** The bytes one part after the other. */
export async function* chunksOf(bytes: ArchiveBytes): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let offset = 0; offset < bytes.size; offset += CHUNK) {
    const chunk = await bytes.read(offset, Math.min(CHUNK, bytes.size - offset));
    yield chunk as Uint8Array<ArrayBuffer>;
  }
}

/** Whether bytes begin as gzip's do. */
export async function isGzip(bytes: ArchiveBytes): Promise<boolean> {
  if (bytes.size < 2) return false;
  const [first, second] = await bytes.read(0, 2);
  return first === 0x1f && second === 0x8b;
}

/** Bytes that may be unpacked whatever they are unpacked from, and how many times those of the archive beyond. */
const [ALLOWED, RATIO] = [2 ** 26, 250];

/**
 * Throws where so few bytes unpack to so many as no archive of images does: gzip makes at most 1,032 of one.
 * @param name - Of the archive, for the error.
 * @param from - Its bytes.
 */
export function checkUnpacked(name: string, unpacked: number, from: number): void {
  check(
    unpacked <= ALLOWED || unpacked <= RATIO * from,
    () =>
      `${name} is refused: its first ${from} bytes unpack to ${unpacked}, more than ${RATIO} times as many, as no archive of ` +
      'images does. If you trust it, unpack it and give the folder.',
  );
}

/** The error where gzip cannot unpack an archive. */
export function damagedGzip(name: string, unpacked: number, cause: unknown): Error {
  return new Error(
    `${name} is damaged: gzip cannot unpack it. ${unpacked} bytes were unpacked when it broke off (${(cause as Error).message}). ` +
      'Fetch or save it again.',
    { cause },
  );
}
