import { nodeFiles } from './node-module.js';
import { WriteError } from './write-error.js';

/**
 * Makes a folder and those above it, where they are not there.
 * @throws WriteError where that cannot be; Error outside of Node.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await nodeFiles('Writing files').fs.mkdir(folder, { recursive: true });
  } catch (error) {
    throw await WriteError.of(folder, 0, await causeOf(folder, error));
  }
}

/** Why a folder cannot be made. Node says of a read-only file system that the folder is not there, unless one is made by itself. */
async function causeOf(folder: string, said: unknown): Promise<unknown> {
  if (codeOf(said) !== 'ENOENT') return said;
  const { fs, path } = nodeFiles('Writing files');
  const above = path.dirname(folder);
  try {
    await fs.mkdir(folder);
    await fs.rmdir(folder);
  } catch (error) {
    return codeOf(error) === 'ENOENT' && above !== folder ? causeOf(above, error) : error;
  }
  return said;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
