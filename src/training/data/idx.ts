import { check } from '../../core/errors.js';
import { numberedLabels } from '../../models/labels/numbered-labels.js';
import type { RgbImage } from '../../vision/image.js';
import { checkClassNames, checkPlaces } from './check-classes.js';
import type { Dataset } from './dataset.js';
import { nameOf, readBytes } from './read-bytes.js';

/**
 * Images and labels in IDX files of bytes, plain or gzip's, as MNIST and Fashion-MNIST have them; grey becomes three equal
 * channels. Source: LeCun, yann.lecun.com/exdb/mnist.
 * @param images - A path, a URL, or the bytes of `train-images-idx3-ubyte` or its like.
 * @param labels - The same of `train-labels-idx1-ubyte` or its like.
 * @param classes - Names of the classes. Default `class 0` and so on, as many as the labels need.
 * @throws Error where a file cannot be read or is no such file.
 */
export async function idxDataset(
  images: string | URL | Uint8Array,
  labels: string | URL | Uint8Array,
  classes?: readonly string[],
): Promise<Dataset> {
  if (classes !== undefined) checkClassNames('idxDataset', classes);
  const { shape, data } = await readIdx(images, 3);
  const places = (await readIdx(labels, 1)).data;
  const [count, height, width] = shape as [number, number, number];
  const size = height * width;
  const most = places.reduce((a, b) => Math.max(a, b), 0);
  const names = classes ?? numberedLabels(most + 1);
  check(
    count === places.length,
    () =>
      `There are ${count} images and ${places.length} labels; give as many. ${nameOf(images)} and ${nameOf(labels)} belong to ` +
      'different data.',
  );
  checkPlaces(places, names, nameOf(labels));
  return {
    name: nameOf(images),
    classes: names,
    labels: Int32Array.from(places),
    image: (i): RgbImage => ({ height, width, data: repeatThrice(data.subarray(i * size, (i + 1) * size)) }),
  };
}

/** Two zeros, the type (8 is bytes), the number of axes, their lengths as big-endian 32 bits, and the values. */
async function readIdx(
  source: string | URL | Uint8Array,
  rank: number,
): Promise<{ shape: number[]; data: Uint8Array }> {
  const bytes = await readBytes(source);
  const start = 4 + 4 * rank;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  check(
    bytes.length >= start && view.getUint32(0) === 0x800 + rank,
    () =>
      `${nameOf(source)} is no IDX file of bytes with ${rank} axes; give MNIST's files or files like them.`,
  );
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((a, b) => a * b, 1);
  check(
    size > 0,
    () => `${nameOf(source)} has the shape [${shape}], and no values; give a file with images.`,
  );
  check(
    bytes.length === start + size,
    () =>
      `${nameOf(source)} has ${bytes.length - start} values for the shape [${shape}]. Fetch or save it again.`,
  );
  return { shape, data: bytes.subarray(start) };
}

function repeatThrice(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * grey.length);
  grey.forEach((value, i) => rgb.fill(value, 3 * i, 3 * i + 3));
  return rgb;
}
