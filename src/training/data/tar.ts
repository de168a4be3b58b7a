import { decodeImage } from '#decode-image';
import { openArchive } from '#open-archive';
import { check, checkOptions } from '../../core/errors.js';
import type { RgbImage } from '../../vision/image.js';
import { HEAD_BYTES } from '../../vision/image-format.js';
import type { ArchiveBytes, ArchiveSource } from './archive-bytes.js';
import { classFolders, type ClassFolderOptions, type DataFile } from './class-folders.js';
import type { Dataset } from './dataset.js';
import { nameOf } from './read-bytes.js';
import { readEntries, type TarFile } from './tar-entries.js';

/** Bytes of an encoded image at most. */
const LARGEST = 2 ** 30;

/**
 * The images of a tar archive, plain or gzip's, that has one folder a class, laid out as `folderDataset` has it. Images are
 * read from the archive whenever they are asked for. In Node, an archive may be larger than the memory: a plain one stays where it is,
 * and what gzip packed is unpacked once into a temporary file (of the folder `TMPDIR`), which is gone with the process.
 * @param source - A path, a URL, the archive's bytes, or a `File`.
 * @throws Error where the archive cannot be read or is damaged, unpacks to more than 250 times its size (and 64 MiB), has no such
 * folders, or has one without images.
 */
export async function tarDataset(source: ArchiveSource, options: ClassFolderOptions = {}): Promise<Dataset> {
  checkOptions('tarDataset', options, { onSkip: true });
  check(
    typeof source === 'string' || [URL, Uint8Array, Blob].some((kind) => source instanceof kind),
    () => `The archive is ${describe(source)}; give a path, a URL, its bytes, or a File.`,
  );
  const name = archiveName(source);
  const archive = await openArchive(source, name);
  try {
    const { files, ...others } = await readEntries(archive).catch((error) => {
      throw noTar(name, error);
    });
    const data = files.map((file) => dataFile(archive, file, name));
    return await classFolders({ files: data, ...others }, name, options);
  } catch (error) {
    archive.close();
    throw error;
  }
}

function describe(value: unknown): string {
  return value instanceof Promise ? 'a promise, which has to be awaited' : String(value);
}

function noTar(name: string, cause: Error): Error {
  return new Error(
    `${name} is no whole tar archive (${cause.message}). Give one, plain or .tar.gz, or a folder of images.`,
    { cause },
  );
}

function dataFile(archive: ArchiveBytes, { path, offset, size }: TarFile, name: string): DataFile {
  return {
    path,
    head: () => archive.read(offset, Math.min(size, HEAD_BYTES)),
    decode: async (): Promise<RgbImage> => {
      try {
        if (size > LARGEST) throw new Error(`it has ${size} bytes, more than any image`);
        return await decodeImage(await archive.read(offset, size));
      } catch (error) {
        throw new Error(`${name}, ${path}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

function archiveName(source: ArchiveSource): string {
  if (!(source instanceof Blob)) return nameOf(source);
  return source instanceof File ? source.name : `The file of ${source.size} bytes`;
}
