import { rename, writeFile } from 'node:fs/promises';

/** Writes a file so that whoever reads it, or kills this program, finds the old one or the new one as a whole. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.partial`, content);
  await rename(`${path}.partial`, path);
}
