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
  const archive = nameOf(source);
  const entries = entriesOf(whole, archive);
  return classFolders(
    entries
      .filter(({ type }) => type === 'file')
      .map(({ name, data }) => ({
        path: name,
        decode: () => decode(data ?? new Uint8Array(), `${archive}, ${name}`),
      })),
    [],
    archive,
    options,
  );
}

function entriesOf(bytes: Uint8Array, archive: string) {
  try {
    if (!isTar(bytes)) throw new Error('it does not begin as one');
    return parseTar(bytes as Uint8Array<ArrayBuffer>, { filter: ({ name }) => !isHidden(name) });
  } catch (error) {
    const { message } = error as Error;
    throw new Error(
      `${archive} is no whole tar archive (${message}). Give one, plain or .tar.gz, or a folder of images.`,
      { cause: error },
    );
  }
}

/** Whether the checksum of the first header is right: the sum of its 512 bytes, those of the checksum counted as spaces. */
function isTar(bytes: Uint8Array): boolean {
  const [begin, end] = [148, 156];
  const header = bytes.subarray(0, 512);
  const sum = header.reduce((sum, byte, i) => sum + (i >= begin && i < end ? 32 : byte), 0);
  return header.length === 512 && parseInt(new TextDecoder().decode(header.subarray(begin, end)), 8) === sum;
}

async function decode(data: Uint8Array, name: string): Promise<RgbImage> {
  try {
    return await decodeImage(data);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
