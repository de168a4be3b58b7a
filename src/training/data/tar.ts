import { decodeImage } from '#decode-image';
import { parseTar } from 'nanotar';
import type { RgbImage } from '../../vision/image.js';
import { classFolders, isHidden, type ClassFolderOptions } from './class-folders.js';
import type { Dataset } from './dataset.js';
import { nameOf, readBytes } from './read-bytes.js';

/**
 * The images of a tar archive, plain or gzip's, that has one folder a class: JPEG, PNG, WebP or GIF. The archive stays in
 * memory as it is, and images are decoded whenever they are asked for.
 * @param source - A path, a URL, or the archive's bytes.
 * @throws Error where the archive cannot be read or has no such folders.
 */
export async function tarDataset(
  source: string | URL | Uint8Array,
  options: ClassFolderOptions = {},
): Promise<Dataset> {
  const bytes = await readBytes(source);
  const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  const entries = parseTar(whole, { filter: ({ name }) => !isHidden(name) });
  const archive = nameOf(source);
  return classFolders(
    entries
      .filter(({ type }) => type === 'file')
      .map(({ name, data }) => ({ path: name, decode: () => decode(data!, `${archive}, ${name}`) })),
    [],
    archive,
    options,
  );
}

async function decode(data: Uint8Array, name: string): Promise<RgbImage> {
  try {
    return await decodeImage(data);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
