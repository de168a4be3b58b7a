import { decodeImage } from '#decode-image';
import { check, checkOptions } from '../../core/errors.js';
import type { ImageSource, RgbImage } from '../../vision/image.js';
import { randomFor, shuffled } from '../seeds.js';

/** Labelled images, each to be had by its place. */
export interface Dataset {
  /** What the data are called, for messages: the path of the folder or archive. */
  readonly name?: string;
  /** What `split` parted, for messages. */
  readonly whole?: Dataset;
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
  checkPlaces(labels, classes);
  return { classes, labels: Int32Array.from(labels), image: (index) => decodeImage(images[index]!) };
}

/**
 * Throws unless labels are places in `classes`.
 * @param name - What has the labels, for the error.
 */
export function checkPlaces(labels: ArrayLike<number>, classes: readonly string[], name?: string): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    check(
      Number.isInteger(label) && label >= 0 && label < classes.length,
      () =>
        `A label is ${label}${name === undefined ? '' : ` in ${name}`}, and there are ${classes.length} classes; give labels from ` +
        '0 on.',
    );
  }
}

/** Some of the images of a data set, in this order. */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const places = Int32Array.from(indices);
  return {
    ...(dataset.name !== undefined && { name: dataset.name }),
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
export function split(dataset: Dataset, options: SplitOptions): { train: Dataset; validation: Dataset } {
  checkOptions('split', options, { validation: true, seed: true });
  const { validation, seed = 0 } = options;
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
  const part = (isHeldOut: boolean): Dataset => ({
    ...subset(
      dataset,
      places.filter((place) => chosen.has(place) === isHeldOut),
    ),
    whole: dataset,
  });
  return { train: part(false), validation: part(true) };
}
