import { decodeImage } from '#decode-image';
import { check, checkOptions, shown } from '../../core/errors.js';
import type { ImageSource, RgbImage } from '../../vision/image.js';
import { randomFor, shuffled } from '../seeds.js';
import { checkDataset } from './check-dataset.js';
import { checkClassNames } from './check-classes.js';

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
 * @param classes - Their names, an array of strings.
 * @throws ArgumentError where labels are not as many as images, or no places in `classes`.
 */
export function arrayDataset(
  images: readonly ImageSource[],
  labels: ArrayLike<number>,
  classes: readonly string[],
): Dataset {
  checkList('arrayDataset: the images', images, 'an array of pictures, paths, URLs or bytes of files');
  checkList('arrayDataset: the labels', labels, 'an array of the class of each image, from 0 on');
  checkClassNames('arrayDataset', classes);
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

/** Throws unless there is a list of values, typed or not. */
function checkList(name: string, value: ArrayLike<unknown>, expected: string): void {
  const isList = typeof value === 'object' && value !== null && Number.isInteger(value.length);
  check(isList, () => `${name} are ${shown(value)}; give ${expected}.`);
}

/**
 * Some of the images of a data set, in this order.
 * @param indices - Places from 0 on; one may be there more than once.
 * @throws ArgumentError where one is no place in the data set.
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  checkDataset('subset', dataset);
  checkList('subset: the indices', indices, 'an array of places of images');
  const count = dataset.labels.length;
  const wrong = Array.from(indices).findIndex((i) => !(Number.isInteger(i) && i >= 0 && i < count));
  check(
    wrong < 0,
    () =>
      `subset: index ${wrong} is ${shown(indices[wrong])}, and the data has ${count} images; give whole numbers from 0 to ` +
      `${count - 1}.`,
  );
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
  checkDataset('split', dataset);
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
