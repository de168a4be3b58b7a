import type { ArchiveBytes } from './archive-bytes.js';
import { isHidden } from './hidden.js';
import type { SkippedFile } from './skipped.js';
import { BLOCK, parseHeader, parsePax, textIn } from './tar-header.js';

/** Where the bytes of a file of an archive are. */
export interface TarFile {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/** What an archive holds. */
export interface TarEntries {
  readonly files: readonly TarFile[];
  readonly folders: readonly string[];
  /** Links whose target is no file of the archive. */
  readonly broken: readonly SkippedFile[];
  readonly skipped: readonly SkippedFile[];
}

/** An entry as it stands in the archive, with what longer headers before it say. */
interface Entry extends TarFile {
  readonly type: string;
  readonly link: string;
  readonly isSparse: boolean;
}

/** Bytes of a name at most. */
const LONGEST_NAME = 2 ** 20;

/** Blocks of zeros that may stand between two archives that were put together. */
const ZEROS = 128;

/** Bytes that are read together. */
const WINDOW = 2 ** 14;

/** What cannot be read, by the type of the entry. */
const others: Readonly<Record<string, string>> = {
  3: 'a device',
  4: 'a device',
  6: 'a pipe',
  M: 'the rest of a file of another archive',
  V: 'the name of the archive',
};

/** Types of the entries that are files; 7 was for files in one piece. */
const fileTypes = ['0', '7'];

/** Types of the entries that have no bytes, whatever their headers say: links, devices, folders, pipes. */
const withoutBytes = ['1', '2', '3', '4', '5', '6'];

/**
 * What a tar archive holds, by its headers alone. Of files with the same name the last counts, as when it is unpacked; links
 * to files of the archive are files.
 * @throws Error that says where the archive is damaged.
 */
export async function readEntries(archive: ArchiveBytes): Promise<TarEntries> {
  const files = new Map<string, Entry>();
  const folders: string[] = [];
  const skipped: SkippedFile[] = [];
  for await (const entry of entriesOf(archive, skipped)) {
    const { path, type } = entry;
    const key = keyOf(path);
    const other = entry.isSparse ? 'a file with holes' : others[type];
    const isFolder = '5D'.includes(type) || (fileTypes.includes(type) && path.endsWith('/'));
    if (isFolder) {
      if (key !== '') folders.push(path.replace(/\/$/, ''));
    } else if (key === '') skipped.push({ path: 'a file', reason: 'it has no name' });
    else if (other !== undefined || !['0', '7', '1', '2'].includes(type)) {
      skipped.push({ path, reason: other ?? `an entry of the unknown type ${type}` });
    } else {
      const before = files.get(key);
      if (before && !isHidden(path))
        skipped.push({ path: before.path, reason: 'a later file has the same name' });
      const target = type === '1' ? files.get(keyOf(entry.link)) : undefined;
      files.delete(key); // The order is that of the last ones.
      files.set(key, target ? { ...target, path } : entry);
    }
  }
  const found: TarFile[] = [];
  const broken: SkippedFile[] = [];
  for (const entry of files.values()) {
    const file = followed(entry, files);
    if (file) found.push({ path: entry.path, offset: file.offset, size: file.size });
    else
      broken.push({ path: entry.path, reason: `a link to ${entry.link}, which is no file of the archive` });
  }
  return { files: found, folders, broken, skipped };
}

/** The file that a chain of links ends with. */
function followed(entry: Entry, files: ReadonlyMap<string, Entry>): Entry | undefined {
  let file: Entry | undefined = entry;
  for (let links = 0; file && !fileTypes.includes(file.type); links++) {
    if (links > 16 || file.type === '1' || file.link.startsWith('/')) return undefined;
    file = files.get(keyOf(`${file.path}/../${file.link}`));
  }
  return file;
}

/** The entries one after the other; what the headers between them say is put into them. */
async function* entriesOf(archive: ArchiveBytes, skipped: SkippedFile[]): AsyncGenerator<Entry> {
  const read = windowOf(archive);
  let more = new Map<string, string>();
  let [offset, zeros] = [0, 0];
  let last = '';
  for (; archive.size - offset >= BLOCK && zeros < ZEROS;) {
    const block = await read(offset, BLOCK);
    if (block.every((byte) => byte === 0)) {
      zeros++;
      offset += BLOCK;
      continue;
    }
    const header = parseHeader(block);
    if (!header && zeros > 0) return; // Whatever stands behind the end.
    if (!header)
      throw new Error(
        offset === 0 ? await beginning(archive) : `no entry follows ${last}, at byte ${offset}`,
      );
    zeros = 0;
    const isBefore = 'xgLKN'.includes(header.type);
    const path = cleaned(more.get('GNU.sparse.name') ?? more.get('path') ?? header.name);
    last = path;
    const size = withoutBytes.includes(header.type)
      ? 0
      : Number((!isBefore && more.get('size')) || header.size);
    const left = archive.size - offset - BLOCK;
    if (!Number.isSafeInteger(size) || size < 0) throw new Error(`the size of ${path} is no number of bytes`);
    if (size > left)
      throw new Error(`${path} should have ${size} bytes, and ${left} are left; it is cut off`);
    offset += BLOCK;
    if (isBefore) {
      if (size > LONGEST_NAME) throw new Error(`the header before ${path} has ${size} bytes`);
      const bytes = await archive.read(offset, size);
      if (header.type === 'L') more.set('path', textIn(bytes));
      if (header.type === 'K') more.set('linkpath', textIn(bytes));
      const records = header.type === 'x' ? parsePax(bytes) : new Map<string, string>();
      if (!records) throw new Error(`the header ${path} is damaged`);
      more = new Map([...more, ...records]);
    } else {
      if (header.type === 'S') offset += await holes(block, (at) => read(offset + at, BLOCK));
      const isSparse = header.type === 'S' || [...more.keys()].some((key) => key.startsWith('GNU.sparse.'));
      yield { path, type: header.type, link: more.get('linkpath') ?? header.link, offset, size, isSparse };
      more = new Map();
    }
    offset += BLOCK * Math.ceil(size / BLOCK);
  }
  if (zeros > 0) return;
  if (archive.size === 0) throw new Error('it is empty');
  // The last header, or the zeros that fill up the last block of a file, may lack bytes.
  if (archive.size !== offset || last === '')
    throw new Error(last === '' ? 'it is too short' : `it is cut off after ${last}`);
  skipped.push({
    path: last,
    reason: 'the last file: no mark of the end follows, so the archive may be cut off',
  });
}

/** Bytes of the further lists of an old entry's holes, which stand before its extents. */
async function holes(header: Uint8Array, read: (at: number) => Promise<Uint8Array>): Promise<number> {
  let bytes = 0;
  for (let isMore = header[482] === 1; isMore; bytes += BLOCK) isMore = (await read(bytes))[504] === 1;
  return bytes;
}

/** Reads small pieces that follow each other at once. */
function windowOf(archive: ArchiveBytes): (offset: number, length: number) => Promise<Uint8Array> {
  let [start, bytes] = [0, new Uint8Array()];
  return async (offset, length) => {
    if (offset < start || offset + length > start + bytes.length) {
      start = offset;
      bytes = (await archive.read(
        offset,
        Math.min(WINDOW, archive.size - offset),
      )) as Uint8Array<ArrayBuffer>;
    }
    return bytes.subarray(offset - start, offset - start + length);
  };
}

/** What is wrong with a file that does not begin as a tar archive. */
async function beginning(archive: ArchiveBytes): Promise<string> {
  const start = textIn(await archive.read(0, 6));
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/^PK/, 'a zip'],
    [/^BZh/, 'bzip2'],
    [/^ý7zXZ/, 'xz'],
    [/^\(µ\/ý/, 'zstd'],
    [/^7z/, '7z'],
    [/^Rar!/, 'RAR'],
  ];
  const kind = kinds.find(([pattern]) => pattern.test(start))?.[1];
  return kind ? `it is ${kind}; unpack it` : 'it does not begin as one';
}

/** A path with slashes, inside of the archive; `./` at its begin and a slash at its end stay. */
function cleaned(path: string): string {
  const slashes = path.replaceAll('\\', '/').replace(/^[a-zA-Z]:\//, '');
  const key = keyOf(slashes);
  return `${slashes.startsWith('./') && key ? './' : ''}${key}${slashes.endsWith('/') ? '/' : ''}`;
}

/** What is the same for all ways to write a path. */
function keyOf(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
