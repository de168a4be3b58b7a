import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cifar100Dataset,
  cifar10Dataset,
  decodeAll,
  folderDataset,
  idxDataset,
  tarDataset,
  type ClassFolderOptions,
  type Dataset,
} from '../training/data/index.js';
import { decodable } from '../training/data/dataset.js';
import type { RgbImage } from '../vision/image.js';

/** Bytes of decoded images that are kept in memory rather than decoded anew in every epoch. */
const MEMORY = 2 ** 30;

/** The names of the IDX files of each part. */
const idxPrefixes = { train: 'train', test: 't10k' };

/** A data set, and whether all of its pictures are in memory. */
export interface OpenedDataset extends Dataset {
  readonly inMemory: boolean;
}

/**
 * The data set at a path, of whatever kind it is: a tar archive or a folder with one folder a class, or a folder with the
 * files of CIFAR's binary version or of MNIST, of which `part` is taken. It is decoded at once where it fits into memory.
 * @param options - `onSkip` is told of files that are no images and of images that cannot be decoded; without it the latter
 * end with an error.
 */
export async function openDataset(
  path: string,
  part: 'train' | 'test',
  { onSkip }: ClassFolderOptions = {},
): Promise<OpenedDataset> {
  const dataset = await openFiles(path, part, { onSkip });
  const { width, height } = await firstPicture(dataset);
  const inMemory = width * height * 3 * dataset.labels.length <= MEMORY;
  if (inMemory) return { ...(await decodeAll(dataset, { onSkip })), inMemory };
  return { ...(onSkip ? await decodable(dataset, { onSkip }) : dataset), inMemory };
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
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    ({ code, message }: NodeJS.ErrnoException) => {
      const reason = code === 'ENOENT' ? 'there is no such file or folder' : message;
      throw new Error(`${path} cannot be read (${reason}). Give a folder or a tar archive of images.`);
    },
  );
  if (isFile) return tarDataset(path, options);
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
  checkParts(path, names);
  return folderDataset(path, options);
}

/** Throws where a folder holds the parts of a data set, whose images would all be taken together. */
function checkParts(path: string, names: readonly string[]): void {
  const held = names.find((name) => /^(val|valid|validation|test)$/i.test(name));
  const trained = names.find((name) => /^train(ing)?$/i.test(name));
  if (held === undefined || trained === undefined) return;
  throw new Error(
    `${path} holds the folders ${trained} and ${held}, the parts of a data set. Give one of them: ${join(path, trained)}, and to ` +
      `train's option --validation ${join(path, held)}.`,
  );
}

async function lines(path: string | undefined): Promise<string[] | undefined> {
  return path === undefined ? undefined : (await readFile(path, 'utf8')).split(/\r?\n/).filter(Boolean);
}
