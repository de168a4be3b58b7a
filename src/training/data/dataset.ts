import { decodeImage } from '#decode-image';
import { check } from '../../core/errors.js';
import type { ImageSource, RgbImage } from '../../vision/image.js';
import { randomFor, shuffled } from '../seeds.js';
import type { SkippedFile } from './class-folders.js';

/** Labelled images, each to be had by its place. */
export interface Dataset {
  /** Names of the classes; a label is a place in this list. */
  readonly classes: readonly string[];
  /** The class of each image; their number is that of the images. */
  readonly labels: Int32Array;
  /** What each image is called, for messages; undefined where they have no names. */
  readonly paths?: readonly string[];
  /** The picture at a place, from 0 to below `labels.length`. */
  image(index: number): RgbImage | Promise<RgbImage>;
}

/**
 * Images in memory: decoded pictures, or files that are decoded whenever they are asked for.
 * @param labels - The class of each image, a place in `classes`.
 * @throws ArgumentError where labels are not as many as images, or no places in `classes`.
 */
export function arrayDataset(
  images: readonly ImageSource[],
  labels: ArrayLike<number>,
  classes: readonly string[],
): Dataset {
  check(
    images.length === labels.length,
    () => `There are ${images.length} images and ${labels.length} labels; give as many.`,
  );
  for (const label of Array.from(labels)) {
    check(
      Number.isInteger(label) && label >= 0 && label < classes.length,
      () => `A label is ${label}, and there are ${classes.length} classes; give labels from 0 on.`,
    );
  }
  return { classes, labels: Int32Array.from(labels), image: (index) => decodeImage(images[index]!) };
}

/** Some of the images of a data set, in this order. */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const places = Int32Array.from(indices);
  return {
    classes: dataset.classes,
    labels: places.map((place) => dataset.labels[place]!),
    ...(dataset.paths && { paths: Array.from(places, (place) => dataset.paths![place]!) }),
    image: (index) => dataset.image(places[index]!),
  };
}

/** Options of {@link split}. */
export interface SplitOptions {
  /** The share of each class that goes to validation, in (0, 1); of a class of two images or more, at least one image. */
  readonly validation: number;
  /** Of the choice. Default 0. */
  readonly seed?: number;
}

/**
 * Parts a data set in two, the same share of each class at random; both keep the order.
 * @throws ArgumentError where the share is out of range.
 */
export function split(
  dataset: Dataset,
  { validation, seed = 0 }: SplitOptions,
): { train: Dataset; validation: Dataset } {
  check(
    validation > 0 && validation < 1,
    () => `validation is ${validation}; give a share between 0 and 1, such as 0.1.`,
  );
  const byClass = dataset.classes.map((): number[] => []);
  dataset.labels.forEach((label, place) => byClass[label]!.push(place));
  const chosen = new Set(
    byClass.flatMap((places, label) => {
      const most = Math.max(0, places.length - 1);
      const count = Math.min(most, Math.max(1, Math.round(places.length * validation)));
      return shuffled(places, randomFor(seed, 'split', label)).slice(0, count);
    }),
  );
  const places = Array.from(dataset.labels.keys());
  return {
    train: subset(
      dataset,
      places.filter((place) => !chosen.has(place)),
    ),
    validation: subset(
      dataset,
      places.filter((place) => chosen.has(place)),
    ),
  };
}

/** Options of {@link decodeAll}. */
export interface DecodeAllOptions {
  /** Done to every image once, such as resizing, before it is kept. */
  readonly transform?: (image: RgbImage) => RgbImage;
  /** Called now and then with the number of images that are decoded. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with each image that cannot be decoded, which is left out. Default: its error is thrown. */
  readonly onSkip?: (skipped: SkippedFile) => void;
}

/** Images that are decoded at a time. */
const AT_A_TIME = 64;

/** The same data set with every picture decoded and in memory: 50,000 of 32 x 32 pixels take 154 MB. */
export async function decodeAll(
  dataset: Dataset,
  { transform = (image) => image, onProgress, onSkip }: DecodeAllOptions = {},
): Promise<Dataset> {
  const images: (RgbImage | undefined)[] = [];
  await eachImage(dataset, { onProgress, onSkip }, (place, image) => {
    images[place] = transform(image);
  });
  const { labels } = dataset;
  const inMemory = { ...dataset, image: (index: number) => images[index]! };
  const places = Array.from(labels.keys()).filter((place) => images[place]);
  return places.length === labels.length ? inMemory : subset(inMemory, places);
}

/**
 * The images of a data set that can be decoded, each of which is tried once and not kept. For data that do not fit into
 * memory, so that a damaged file does not end a training in its middle.
 */
export async function decodable(
  dataset: Dataset,
  options: Pick<DecodeAllOptions, 'onProgress' | 'onSkip'>,
): Promise<Dataset> {
  const places: number[] = [];
  await eachImage(dataset, options, (place) => places.push(place));
  return subset(
    dataset,
    places.sort((a, b) => a - b),
  );
}

async function eachImage(
  dataset: Dataset,
  { onProgress, onSkip }: Pick<DecodeAllOptions, 'onProgress' | 'onSkip'>,
  take: (place: number, image: RgbImage) => void,
): Promise<void> {
  const total = dataset.labels.length;
  let left = total;
  const decode = async (place: number) => {
    try {
      take(place, await dataset.image(place));
    } catch (error) {
      left--;
      // Where nothing can be decoded, it is not for the images.
      if (!onSkip || left === 0) throw error;
      onSkip({ path: dataset.paths?.[place] ?? `image ${place}`, reason: rootOf(error) });
    }
  };
  for (let first = 0; first < total; first += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, total - first);
    await Promise.all(Array.from({ length: count }, (_, i) => decode(first + i)));
    onProgress?.(first + count, total);
  }
}

/** The first line of what an error comes from. */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message.split('\n')[0]! : rootOf(error.cause);
}
