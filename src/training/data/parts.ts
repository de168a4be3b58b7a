import { check, checkOptions, shown } from '../../core/errors.js';
import { randomFor, shuffled } from '../seeds.js';
import { checkDataset, checkList } from './check-dataset.js';
import type { Dataset } from './dataset.js';

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
