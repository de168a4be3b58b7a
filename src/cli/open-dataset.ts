import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cifar100Dataset,
  cifar10Dataset,
  decodeAll,
  folderDataset,
  idxDataset,
  tarDataset,
  type Dataset,
} from '../training/data/index.js';

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
 */
export async function openDataset(path: string, part: 'train' | 'test'): Promise<OpenedDataset> {
  const dataset = await open(path, part);
  const { width, height } = await dataset.image(0);
  const inMemory = width * height * 3 * dataset.labels.length <= MEMORY;
  return { ...(inMemory ? await decodeAll(dataset) : dataset), inMemory };
}

async function open(path: string, part: 'train' | 'test'): Promise<Dataset> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    (error: Error) => {
      throw new Error(`${path} cannot be read (${error.message}). Give a folder or a tar archive of images.`);
    },
  );
  if (isFile) return tarDataset(path);
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
  return folderDataset(path);
}

async function lines(path: string | undefined): Promise<string[] | undefined> {
  return path === undefined ? undefined : (await readFile(path, 'utf8')).split(/\r?\n/).filter(Boolean);
}
