import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cifar100Dataset,
  cifar10Dataset,
  folderDataset,
  idxDataset,
  tarDataset,
  type ClassFolderOptions,
  type Dataset,
} from '../training/data/index.js';
import { decodeWithin } from '../training/data/decode-all.js';
import type { RgbImage } from '../vision/image.js';

/** Bytes of decoded images that are kept in memory rather than decoded anew in every epoch. */
export const MEMORY = 2 ** 30;

/** The names of the IDX files of each part. */
const idxPrefixes = { train: 'train', test: 't10k' };

/** A data set, and how many bytes of its pictures are in memory: all, or none. */
export interface OpenedDataset extends Dataset {
  readonly bytes: number;
}

/** Options of {@link openDataset}. */
export interface OpenOptions extends ClassFolderOptions {
  /** Whether images that cannot be decoded are left out, and `onSkip` is called; otherwise an error names them all. Default false. */
  readonly skipBroken?: boolean;
  /** Bytes of decoded images at most that may be kept in memory. Default {@link MEMORY}. */
  readonly limit?: number;
}

/**
 * The data set at a path, of whatever kind it is: a tar archive or a folder with one folder a class, or a folder with the
 * files of CIFAR's binary version or of MNIST, of which `part` is taken. It is decoded at once, and stays in memory where it
 * fits.
 */
export async function openDataset(
  path: string,
  part: 'train' | 'test',
  { onSkip, skipBroken = false, limit = MEMORY }: OpenOptions,
): Promise<OpenedDataset> {
  const dataset = await openFiles(path, part, { onSkip });
  const decoded = await decodeWithin(dataset, limit, skipBroken ? { onSkip } : {});
  return { ...decoded.dataset, bytes: decoded.bytes };
}

/** The first picture that can be decoded. */
export async function firstPicture(dataset: Dataset): Promise<RgbImage> {
  let failure: unknown;
  for (const place of dataset.labels.keys()) {
    try {
      return await dataset.image(place);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** The same, none of its pictures decoded. */
export async function openFiles(
  path: string,
  part: 'train' | 'test',
  options: ClassFolderOptions,
): Promise<Dataset> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    ({ code, message }: NodeJS.ErrnoException) => {
      const reason = code === 'ENOENT' ? 'there is no such file or folder' : message;
      throw new Error(`${path} cannot be read (${reason}). Give a folder or a tar archive of images.`);
    },
  );
  if (!isFolder) return tarDataset(path, options);
  const names = (await readdir(path)).sort();
  const files = (pattern: RegExp) =>
    names.filter((name) => pattern.test(name)).map((name) => join(path, name));

  const cifar10 = files(part === 'train' ? /^data_batch_\d+\.bin$/ : /^test_batch\.bin$/);
  if (cifar10.length > 0) return cifar10Dataset(cifar10);
  const cifar100 = files(part === 'train' ? /^train\.bin$/ : /^test\.bin$/);
  if (cifar100.length > 0) return cifar100Dataset(cifar100, await lines(files(/^fine_label_names\.txt$/)[0]));
  const prefix = idxPrefixes[part];
  const [images] = files(new RegExp(`^${prefix}-images[-.]idx3-ubyte(\\.gz)?$`));
  const [labels] = files(new RegExp(`^${prefix}-labels[-.]idx1-ubyte(\\.gz)?$`));
  if (images && labels) return idxDataset(images, labels);
  return folderDataset(path, options);
}

async function lines(path: string | undefined): Promise<string[] | undefined> {
  return path === undefined ? undefined : (await readFile(path, 'utf8')).split(/\r?\n/).filter(Boolean);
}
