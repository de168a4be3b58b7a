import { ready } from '#backends';
import { decodedAtOnce, decodeImage } from '#decode-image';
import * as tf from '@tensorflow/tfjs-core';
import { check, checkOneOf, checkOptions, shown } from '../core/errors.js';
import { groupsOf, inOrder } from '../core/in-order.js';
import {
  checkPreprocessing,
  colorParts,
  colorPreprocessing,
  type ColorPreprocessing,
  type Preprocessing,
} from '../models/preprocessing.js';
import { asRgbImage, imageList, isTensor, noImage, type ImageSource, type RgbImage } from './image.js';
import { resizeAndCrop } from './resize.js';

/**
 * Images as a network's input: decoded, resized, cropped, scaled and normalised as `preprocessing` says.
 * @param images - One or several, as `classify` takes them.
 * @param preprocessing - Such as a model's.
 * @returns [N, size, size, 3], which the caller disposes of.
 * @throws ArgumentError where there is no image, something else is given for one, or the preprocessing cannot be; Error
 * where an image cannot be read.
 */
export async function preprocess(
  images: ImageSource | readonly ImageSource[],
  preprocessing: Preprocessing,
): Promise<tf.Tensor4D> {
  check(
    preprocessing?.size !== undefined,
    () => `The preprocessing is ${shown(preprocessing)}; give a model's, such as model.preprocessing.`,
  );
  checkPreprocessing(preprocessing);
  const list = imageList(images);
  check(list.length > 0, () => 'There is no image to preprocess: the array is empty.');
  const prepare = (image: ImageSource) => preparedSquare(image, preprocessing);
  const { value } = await preparedBatches(list, list.length, prepare).next();
  await ready();
  return normalize(value as RgbImage[], preprocessing);
}

/** An image decoded, resized and cropped. */
export async function preparedSquare(image: ImageSource, preprocessing: Preprocessing): Promise<RgbImage> {
  return resizeAndCrop(await decodeImage(image), preprocessing);
}

/**
 * Images in batches, as `prepare` gives them. While the caller works with a batch, the next one is prepared; only
 * `decodedAtOnce` images are in memory at their full size.
 */
export function preparedBatches<Prepared>(
  images: readonly ImageSource[],
  batchSize: number,
  prepare: (image: ImageSource) => Promise<Prepared>,
): AsyncGenerator<Prepared[]> {
  return inOrder(groupsOf(images, batchSize), prepare, { ahead: 1, atOnce: decodedAtOnce });
}

/** The last step of {@link preprocess}: squares of `size` pixels to [N, size, size, 3]. */
export function normalize(squares: readonly RgbImage[], preprocessing: Preprocessing): tf.Tensor4D {
  const { size } = preprocessing;
  return normalizePixels(squares, size, size, preprocessing);
}

/** The manner of a network's input: its model, the part of its preprocessing, or Keras's name of one. */
export type InputManner =
  { readonly preprocessing: ColorPreprocessing } | ColorPreprocessing | keyof typeof colorPreprocessing;

/**
 * Pixels of 0 to 255 as a network's input, as keras.applications' `preprocess_input`: scaled and normalised, in the
 * network's order of channels. It does not resize; `preprocess` does both.
 * @param images - A tensor [N, H, W, 3] or [H, W, 3] of red, green and blue, which stays the caller's, or pictures that are
 * all of one size.
 * @param manner - A model, whose `preprocessing` says what its source does, Keras's ResNets `caffe` and EfficientNets and
 * all others of this library `torch`; or preprocessing, or `'caffe'`, `'torch'` or `'tf'`.
 * @returns float32 of the tensor's shape, or [N, H, W, 3].
 * @throws ArgumentError where the images have not three channels or not one size, or the manner is none that can be.
 */
export function preprocessInput<T extends tf.Tensor3D | tf.Tensor4D>(images: T, manner: InputManner): T;
export function preprocessInput(images: readonly RgbImage[], manner: InputManner): tf.Tensor4D;
export function preprocessInput(
  images: tf.Tensor3D | tf.Tensor4D | readonly RgbImage[],
  manner: InputManner,
  options: object = {},
): tf.Tensor {
  checkOptions('preprocessInput', options, {});
  const colors = colorsOf(manner);
  if (isTensor(images)) return normalizeTensor(images, colors);
  check(
    Array.isArray(images),
    () => `The images are ${shown(images)}; give a tensor, or an array of pictures.`,
  );
  const pictures = images.map(pictureOf);
  const [{ height, width } = { height: 0, width: 0 }] = pictures;
  const other = pictures.find((image) => image.height !== height || image.width !== width);
  check(
    other === undefined,
    () =>
      `An image is ${other!.width} x ${other!.height} pixels, and the first one ${width} x ${height}; resize them to one size.`,
  );
  return normalizePixels(pictures, height, width, colors);
}

function pictureOf(image: RgbImage): RgbImage {
  const picture = asRgbImage(image);
  if (picture === undefined) throw noImage(image);
  return picture;
}

/** The colours of a manner, checked. */
export function colorsOf(manner: InputManner): ColorPreprocessing {
  if (typeof manner === 'string') {
    checkOneOf('The manner of the input', manner, Object.keys(colorPreprocessing));
    return colorPreprocessing[manner];
  }
  check(
    typeof manner === 'object' && manner !== null && !('then' in manner),
    () =>
      `The manner of the input is ${shown(manner)}; give a model, preprocessing, or 'caffe', 'torch' or 'tf'.`,
  );
  const colors = 'preprocessing' in manner ? manner.preprocessing : manner;
  checkPreprocessing(colors, colorParts);
  return colors;
}

function normalizeTensor(
  images: tf.Tensor3D | tf.Tensor4D,
  { channels, scale, mean, std }: ColorPreprocessing,
): tf.Tensor {
  check(
    (images.rank === 3 || images.rank === 4) && images.shape.at(-1) === 3,
    () => `The images are of shape [${images.shape}]; give [N, height, width, 3] or [height, width, 3].`,
  );
  return tf.tidy(() => {
    const rgb = tf.cast(images as tf.Tensor, 'float32');
    const ordered = channels === 'rgb' ? rgb : tf.reverse(rgb, -1);
    return tf.div(tf.sub(tf.mul(ordered, scale), tf.tensor1d([...mean])), tf.tensor1d([...std]));
  });
}

/** Pictures of one size to [N, height, width, 3]. */
function normalizePixels(
  images: readonly RgbImage[],
  height: number,
  width: number,
  { channels, scale, mean, std }: ColorPreprocessing,
): tf.Tensor4D {
  const values = new Float32Array(images.length * height * width * 3);
  const [first, last] = channels === 'rgb' ? [0, 2] : [2, 0];
  // One table a channel: a byte has only 256 normalised values.
  const table = (c: number) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte * scale - mean[c]!) / std[c]!);
  const tables = [table(0), table(1), table(2)] as const;
  images.forEach(({ data }, n) => writeNormalized(values, n * data.length, data, first, last, tables));
  return tf.tensor4d(values, [images.length, height, width, 3]);
}

/** Writes the values of pixels from `offset` on, of which `first` is the place of a pixel's first channel and `last` that of its last. */
function writeNormalized(
  values: Float32Array,
  offset: number,
  data: RgbImage['data'],
  first: number,
  last: number,
  [table0, table1, table2]: readonly [Float32Array, Float32Array, Float32Array],
): void {
  for (let from = 0, to = offset; from < data.length; from += 3, to += 3) {
    values[to] = table0[data[from + first]!]!;
    values[to + 1] = table1[data[from + 1]!]!;
    values[to + 2] = table2[data[from + last]!]!;
  }
}
