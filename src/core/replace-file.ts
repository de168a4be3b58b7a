import { nodeFiles } from './node-module.js';
import { hostName, isRunning } from './running-process.js';
import { WriteError } from './write-error.js';

/** What the name of a half-written file ends in: who writes it, and that it is none yet. */
const pattern = /^(.+?)(?:\.([\w-]+)\.(\d+)\.[0-9a-f]{8})?\.partial$/;

/**
 * Writes a file next to its place, forces it to the disk, and renames it, so that whatever happens the old one or the new
 * one is there as a whole. Each call writes under a separate name; what processes that were killed left is removed.
 * @throws WriteError where it cannot be written; what was written of it is removed. Error outside of Node.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const { fs, path: paths, process } = nodeFiles('Writing files');
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const random = globalThis.crypto.randomUUID().slice(0, 8);
  const partial = `${path}.${hostName()}.${process.pid}.${random}.partial`;
  await removePartials(paths.dirname(path));
  try {
    const file = await fs.open(partial, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(partial, path);
  } catch (error) {
    await fs.rm(partial, { force: true }).catch(() => {});
    throw await WriteError.of(path, bytes.length, error);
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
