import { check, shown } from '../../core/errors.js';
import { cifar10Labels } from '../../models/labels/cifar10.js';
import { numberedLabels } from '../../models/labels/numbered-labels.js';
import type { RgbImage } from '../../vision/image.js';
import { checkClassNames, checkPlaces } from './check-classes.js';
import type { Dataset } from './dataset.js';
import { nameOf, readBytes } from './read-bytes.js';

const SIDE = 32;
const PIXELS = SIDE * SIDE;

/**
 * CIFAR-10 in its binary version: `data_batch_1.bin` … `data_batch_5.bin` to train with, `test_batch.bin` to test.
 * Source: Krizhevsky 2009, www.cs.toronto.edu/~kriz/cifar.html.
 * @param sources - Paths, URLs, or bytes of the files.
 * @throws Error where a file cannot be read or is no such file.
 */
export function cifar10Dataset(sources: readonly (string | URL | Uint8Array)[]): Promise<Dataset> {
  return readRecords('cifar10Dataset', sources, 1, cifar10Labels);
}

/**
 * CIFAR-100 in its binary version, `train.bin` and `test.bin`, with its 100 fine labels.
 * @param classes - Their names, the lines of the data set's `fine_label_names.txt`. Default `class 0` and so on.
 * @throws Error where a file cannot be read or is no such file.
 */
export function cifar100Dataset(
  sources: readonly (string | URL | Uint8Array)[],
  classes: readonly string[] = numberedLabels(100),
): Promise<Dataset> {
  return readRecords('cifar100Dataset', sources, 2, classes);
}

/** Records of labels, the last of which counts, and three planes of 32 x 32 bytes: red, green, blue. */
async function readRecords(
  where: string,
  sources: readonly (string | URL | Uint8Array)[],
  labelBytes: number,
  classes: readonly string[],
): Promise<Dataset> {
  check(
    Array.isArray(sources) && sources.length > 0,
    () =>
      `${where}: the files are ${shown(sources)}; give an array of paths, URLs or bytes, also of one: [file].`,
  );
  checkClassNames(where, classes);
  const records: Uint8Array[] = [];
  const labels: number[] = [];
  const size = labelBytes + 3 * PIXELS;
  for (const source of sources) {
    const bytes = await readBytes(source);
    check(
      bytes.length > 0 && bytes.length % size === 0,
      () => `${nameOf(source)} has ${bytes.length} bytes; the binary version has ${size} an image.`,
    );
    const first = records.length;
    for (let start = 0; start < bytes.length; start += size) {
      labels.push(bytes[start + labelBytes - 1]!);
      records.push(bytes.subarray(start + labelBytes, start + size));
    }
    checkPlaces(labels.slice(first), classes, nameOf(source));
  }
  return {
    classes,
    labels: Int32Array.from(labels),
    image: (index): RgbImage => ({ width: SIDE, height: SIDE, data: interleave(records[index]!) }),
  };
}

function interleave(planes: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(planes.length);
  for (let i = 0; i < PIXELS; i++) {
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = planes[c * PIXELS + i]!;
  }
  return pixels;
}
