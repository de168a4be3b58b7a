import { nodeModule } from './node-module.js';

/** What the name of a file ends in that is only half written. */
export const PARTIAL = '.partial';

/**
 * Writes a file beside its place, forces it to the disk, and renames it, so that whatever happens the old one or the new
 * one is there as a whole.
 * @throws Error outside of Node.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const fs = nodeModule<typeof import('node:fs/promises')>('node:fs/promises', 'Writing files');
  const file = await fs.open(`${path}${PARTIAL}`, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(`${path}${PARTIAL}`, path);
}
