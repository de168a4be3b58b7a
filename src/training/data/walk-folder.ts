import { decodeImage } from '#decode-image';
import { nodeFiles } from '../../core/node-module.js';
import { HEAD_BYTES } from '../../vision/image-format.js';
import type { DataFile, DataFiles } from './class-folders.js';
import { isOfSystem } from './hidden.js';
import type { SkippedFile } from './skipped.js';

/** What walks, for errors elsewhere than in Node. */
const NAME = 'folderDataset';

/**
 * All that a folder and the folders in it hold, links followed. In Node only.
 * @throws Error of the file system where a folder cannot be read.
 */
export async function walkFolder(root: string): Promise<DataFiles> {
  const { fs, path: paths } = nodeFiles(NAME);
  const { readdir, realpath, stat } = fs;
  const found: DataFile[] = [];
  const folders: string[] = [];
  const broken: SkippedFile[] = [];
  const skipped: SkippedFile[] = [];

  const visit = async (folder: string, prefix: string, above: readonly string[]): Promise<void> => {
    const holders = [...above, await realpath(folder)];
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (isOfSystem(entry.name)) continue; // Some of these only the system may read.
      const [file, path] = [paths.join(folder, entry.name), `${prefix}${entry.name}`];
      const isPlain = entry.isFile() || entry.isDirectory();
      const kind = isPlain ? entry : await stat(file).catch(() => undefined);
      if (!kind) broken.push({ path, reason: 'a link to nothing' });
      else if (kind.isFile()) found.push(dataFile(file, path));
      else if (!kind.isDirectory()) skipped.push({ path, reason: 'a pipe or device' });
      else if (entry.isSymbolicLink() && holders.includes(await realpath(file))) {
        skipped.push({ path, reason: 'a link to a folder that it lies in', isFolder: true });
      } else {
        folders.push(path);
        await visit(file, `${path}/`, holders);
      }
    }
  };
  await visit(root, '', []);
  return { files: found, folders, broken, skipped };
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
