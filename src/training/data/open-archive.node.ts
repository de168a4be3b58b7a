import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  openSync,
  read as readFd,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { readFile } from '#read-file';
import { concatenate } from '../../core/concatenate.js';
import { readExactly } from '../../core/read-exactly.js';
import {
  bytesOf,
  checkUnpacked,
  chunksOf,
  damagedGzip,
  isGzip,
  type ArchiveBytes,
  type ArchiveSource,
} from './archive-bytes.js';

const readInto = promisify(readFd);

/** Unpacked bytes that stay in memory; more go to a file. */
const IN_MEMORY = 2 ** 25;

/**
 * The bytes of an archive, unpacked where they are gzip's: those of a file stay there, and what is unpacked goes to a
 * temporary file where it is large, which has no name and is gone when the process ends, however it ends.
 * @param name - Of the archive, for errors.
 * @throws Error where the source cannot be read or unpacked.
 */
export async function openArchive(source: ArchiveSource, name: string): Promise<ArchiveBytes> {
  const packed = await openPacked(source, name);
  if (!(await isGzip(packed))) return packed;
  try {
    return await unpack(packed, name);
  } finally {
    packed.close();
  }
}

async function openPacked(source: ArchiveSource, name: string): Promise<ArchiveBytes> {
  if (typeof source !== 'string' && !(source instanceof URL)) return bytesOf(source);
  if (/^(https?|data|blob):/i.test(String(source))) return bytesOf(await readFile(source));
  try {
    return new FileBytes(
      openFile(String(source).startsWith('file:') ? fileURLToPath(source) : String(source)),
    );
  } catch (error) {
    throw new Error(`${name} cannot be read (${(error as Error).message}). Check the path.`, {
      cause: error,
    });
  }
}

function openFile(path: string): number {
  // Asked before it is opened: opening a pipe waits for a writer.
  const found = statSync(path);
  if (found.isDirectory()) throw new Error('it is a folder, and no file');
  if (!found.isFile()) throw new Error('it is a pipe or device, and no file');
  return openSync(path, 'r');
}

/** A file, closed when nobody has it any more. */
class FileBytes implements ArchiveBytes {
  static readonly #left = new FinalizationRegistry<number>(closeSync);
  readonly size: number;
  readonly #file: number;
  #isOpen = true;

  constructor(file: number) {
    this.#file = file;
    this.size = fstatSync(file).size;
    FileBytes.#left.register(this, file, this);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!this.#isOpen) throw new Error('the file has been closed');
    const there = Math.max(0, Math.min(length, this.size - offset));
    return readExactly((...place) => readInto(this.#file, ...place), there, offset);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    FileBytes.#left.unregister(this);
    closeSync(this.#file);
  }
}

async function unpack(packed: ArchiveBytes, name: string): Promise<ArchiveBytes> {
  const gunzip = createGunzip({ chunkSize: 2 ** 18 });
  const source = Readable.from(chunksOf(packed), { objectMode: false });
  source.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  const parts: Uint8Array[] = [];
  let file: number | undefined;
  let size = 0;
  try {
    for await (const part of gunzip as AsyncIterable<Buffer>) {
      size += part.length;
      checkUnpacked(name, size, gunzip.bytesWritten);
      parts.push(part);
      if (size <= IN_MEMORY) continue;
      try {
        file ??= openTemporary();
        for (const bytes of parts.splice(0)) writeAll(file, bytes);
      } catch (error) {
        throw noSpace(name, error as Error);
      }
    }
    return file === undefined ? bytesOf(concatenate(parts)) : new FileBytes(file);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    throw String((error as NodeJS.ErrnoException).code).startsWith('Z_')
      ? damagedGzip(name, size, error)
      : error;
  } finally {
    source.destroy();
  }
}

/** A file without a name, or where an open file cannot lose it, as in some of Windows, one that goes with the process. */
function openTemporary(): number {
  const path = join(tmpdir(), `skipscale-${randomUUID()}`);
  const file = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
  } catch {
    process.once('exit', () => rmSync(path, { force: true }));
  }
  return file;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}

function noSpace(name: string, cause: Error): Error {
  return new Error(
    `${name} cannot be unpacked into the folder ${tmpdir()} (${cause.message}). Make space there, or set TMPDIR to another folder.`,
    { cause },
  );
}
