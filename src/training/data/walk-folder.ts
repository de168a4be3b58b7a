import { decodeImage } from '#decode-image';
import { nodeFiles } from '../../core/node-module.js';
import { HEAD_BYTES } from '../../vision/image-format.js';
import type { DataFile, DataFiles } from './class-folders.js';
import { isOfSystem } from './hidden.js';
import type { SkippedFile } from './skipped.js';

/** What walks, for errors elsewhere than in Node. */
const NAME = 'folderDataset';

/** What lies in a folder or in the folders in it. */
export interface Walked {
  /** Within the folder that is walked. */
  readonly path: string;
  /** The share of the folder that lies before the end of this, about: every entry of a folder counts alike. */
  readonly progress: number;
  /** Of a file: where it is. */
  readonly file?: string;
  /** Why it is not read, where it is neither a file nor a folder. */
  readonly reason?: string;
  /** Whether it is a link to nothing. */
  readonly isBroken?: boolean;
  readonly isFolder?: boolean;
}

/**
 * All that a folder and the folders in it hold, links followed. In Node only.
 * @throws Error of the file system where a folder cannot be read.
 */
export async function walkFolder(root: string): Promise<DataFiles> {
  const found: DataFile[] = [];
  const folders: string[] = [];
  const broken: SkippedFile[] = [];
  const skipped: SkippedFile[] = [];
  for await (const { path, file, reason, isBroken, isFolder } of walk(root)) {
    if (file !== undefined) found.push(dataFile(file, path));
    else if (reason === undefined) folders.push(path);
    else (isBroken ? broken : skipped).push({ path, reason, ...(isFolder && { isFolder }) });
  }
  return { files: found, folders, broken, skipped };
}

/** As {@link walkFolder}, one after the other, so that only the names of one folder and those above it are in memory. */
export async function* walk(root: string): AsyncGenerator<Walked> {
  const { fs, path: paths } = nodeFiles(NAME);
  const { readdir, realpath, stat } = fs;

  async function* visit(
    folder: string,
    prefix: string,
    above: readonly string[],
    [from, to]: readonly [number, number],
  ): AsyncGenerator<Walked> {
    const holders = [...above, await realpath(folder)];
    const all = await readdir(folder, { withFileTypes: true });
    const entries = all.filter(({ name }) => !isOfSystem(name)); // Some of these only the system may read.
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const [i, entry] of entries.entries()) {
      const [start, progress] = [i, i + 1].map((n) => from + ((to - from) * n) / entries.length);
      const [file, path] = [paths.join(folder, entry.name), `${prefix}${entry.name}`];
      const isPlain = entry.isFile() || entry.isDirectory();
      const kind = isPlain ? entry : await stat(file).catch(() => undefined);
      const at = { path, progress: progress! };
      if (!kind) yield { ...at, reason: 'a link to nothing', isBroken: true };
      else if (kind.isFile()) yield { ...at, file };
      else if (!kind.isDirectory()) yield { ...at, reason: 'a pipe or device' };
      else if (entry.isSymbolicLink() && holders.includes(await realpath(file))) {
        yield { ...at, reason: 'a link to a folder that it lies in', isFolder: true };
      } else {
        yield { ...at, isFolder: true };
        yield* visit(file, `${path}/`, holders, [start!, progress!]);
      }
    }
  }
  yield* visit(root, '', [], [0, 1]);
}

/** A file of the file system as one of a data set. */
export function dataFile(file: string, path: string): DataFile {
  return { path, head: () => readHead(file), decode: () => decodeImage(file) };
}

async function readHead(file: string): Promise<Uint8Array> {
  const handle = await nodeFiles(NAME).fs.open(file);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
