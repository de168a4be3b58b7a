import { nodeFiles } from './node-module.js';
import { hostName, isRunning } from './running-process.js';
import { WriteError } from './write-error.js';

/** What the name of a half-written file ends in: who writes it, and that it is none yet. */
const pattern = /^(.+?)(?:\.([\w-]+)\.(\d+)\.[0-9a-f]{8})?\.partial$/;

/** A file that is being written. */
export interface PartialFile {
  /** @throws WriteError where it cannot be written. */
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Writes a file next to its place, forces it to the disk, and renames it, so that whatever happens the old one or the new
 * one is there as a whole. Each call writes under a separate name; what processes that were killed left is removed.
 * @throws WriteError where it cannot be written; what was written of it is removed. Error outside of Node.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  await replaceFileBy(path, (file) => file.write(bytes));
}

/**
 * As {@link replaceFile}, part by part.
 * @param write - Writes the parts; what it gives is given on, and where it throws, the old file stays.
 */
export async function replaceFileBy<T>(path: string, write: (file: PartialFile) => Promise<T>): Promise<T> {
  const { fs, path: paths, process } = nodeFiles('Writing files');
  const random = globalThis.crypto.randomUUID().slice(0, 8);
  const partial = `${path}.${hostName()}.${process.pid}.${random}.partial`;
  let size = 0;
  const orFail = <V>(work: Promise<V>): Promise<V> =>
    work.catch(async (error: unknown) => {
      throw await WriteError.of(path, size, error);
    });
  await removePartials(paths.dirname(path));
  try {
    const file = await orFail(fs.open(partial, 'wx'));
    let result: T;
    try {
      result = await write({
        write: (bytes) => {
          size += bytes.length;
          return orFail(file.writeFile(bytes));
        },
      });
      await orFail(file.sync());
    } finally {
      await file.close();
    }
    await orFail(fs.rename(partial, path));
    return result;
  } catch (error) {
    await fs.rm(partial, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Removes half-written files of a folder whose processes no longer run.
 * @param isAbandoned - Of which files they go whoever wrote them. Default of none.
 */
export async function removePartials(
  folder: string,
  isAbandoned: (file: string) => boolean = () => false,
): Promise<void> {
  const { fs, path: paths } = nodeFiles('Writing files');
  for (const name of await fs.readdir(folder).catch((): string[] => [])) {
    const [, file, host, pid] = pattern.exec(name) ?? [];
    if (file === undefined) continue;
    const isStale =
      isAbandoned(file) || (host !== undefined && !(await isRunning({ host, pid: Number(pid) })));
    if (isStale) await fs.rm(paths.join(folder, name), { force: true }).catch(() => {});
  }
}
