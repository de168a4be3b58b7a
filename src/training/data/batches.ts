import { decodedAtOnce } from '#decode-image';
import { check, checkInteger, checkOptions, type OptionNames } from '../../core/errors.js';
import { inOrder } from '../../core/in-order.js';
import type { Augmentation } from '../../vision/augment/augmentation.js';
import type { RgbImage } from '../../vision/image.js';
import { randomFor, shuffled } from '../seeds.js';
import type { Batch } from './batch.js';
import { allBroken } from './broken.js';
import { checkDataset } from './check-dataset.js';
import type { Dataset } from './dataset.js';
import type { Mix } from './mix.js';

/** Options of {@link batches}. */
export interface BatchesOptions {
  /** Images of a batch; the last may have fewer. */
  readonly batchSize: number;
  /** Of order, augmentation and mixing. Default 0. */
  readonly seed?: number;
  /** Each epoch has another order and augmentation. Default 0. */
  readonly epoch?: number;
  /** Whether the order is random. Default true. */
  readonly shuffle?: boolean;
  /** Whether a last batch of fewer images is left out. Default false. */
  readonly dropLast?: boolean;
  /** Batches of the epoch to skip, where a run continues. Default 0. */
  readonly first?: number;
  /** From one batch to the next, where several share the batches of an epoch. Default 1. */
  readonly every?: number;
  /** Done to every image at random. Default nothing. */
  readonly augment?: Augmentation;
  /** Done to every image last, such as resizing. Default nothing. */
  readonly transform?: (image: RgbImage) => RgbImage;
  /** Done to every batch at random: mixup or CutMix. Default nothing. */
  readonly mix?: Mix;
  /** Batches that are made ahead while one is in use. Default 2. */
  readonly prefetch?: number;
}

/** Every one of {@link BatchesOptions}. */
export const batchesOptionNames: OptionNames<BatchesOptions> = {
  batchSize: true,
  seed: true,
  epoch: true,
  shuffle: true,
  dropLast: true,
  first: true,
  every: true,
  augment: true,
  transform: true,
  mix: true,
  prefetch: true,
};

/** Gives the batches of an epoch, from its batch `first` on; the same ones whenever it is asked for them. */
export type BatchSource = (epoch: number, first: number) => AsyncIterable<Batch>;

/** How many batches an epoch has. */
export function countBatches(
  images: number,
  { batchSize, dropLast = false }: Pick<BatchesOptions, 'batchSize' | 'dropLast'>,
): number {
  return dropLast ? Math.floor(images / batchSize) : Math.ceil(images / batchSize);
}

/**
 * The batches of one epoch. Every image's augmentation comes from the seed, the epoch and the image alone, so that the
 * same options give the same batches, wherever in the epoch one begins.
 * @throws ArgumentError where a number is out of range; Error that names every image of the data set that cannot be decoded,
 * where one of the batch cannot.
 */
export async function* batches(dataset: Dataset, options: BatchesOptions): AsyncGenerator<Batch> {
  checkDataset('batches', dataset);
  checkOptions('batches', options, batchesOptionNames);
  const { batchSize, seed = 0, epoch = 0, shuffle = true, first = 0, every = 1, prefetch = 2 } = options;
  const { augment, transform, mix } = options;
  checkInteger('batchSize', batchSize, 1);
  checkInteger('first', first, 0);
  checkInteger('every', every, 1);
  checkInteger('prefetch', prefetch, 0);
  const images = dataset.labels.length;
  check(images > 0, () => 'The data set has no images; give one that has.');
  const count = countBatches(images, options);
  check(
    count > 0,
    () => `dropLast leaves no batch of ${batchSize} of ${images} images; give a smaller batchSize.`,
  );
  const places = Array.from({ length: images }, (_, i) => i);
  const order = shuffle ? shuffled(places, randomFor(seed, 'shuffle', epoch)) : places;

  const unread = new Set<unknown>();
  const read = async (place: number) => {
    try {
      return await dataset.image(place);
    } catch (error) {
      unread.add(error);
      throw error;
    }
  };
  const make = async (place: number) => {
    const image = await read(place);
    const augmented = augment ? augment(image, randomFor(seed, 'augment', epoch, place)) : image;
    return transform ? transform(augmented) : augmented;
  };
  const placesOf = (batch: number) => order.slice(batch * batchSize, (batch + 1) * batchSize);
  function* groups() {
    for (let batch = first; batch < count; batch += every) yield placesOf(batch);
  }
  let batch = first;
  try {
    for await (const images of inOrder(groups(), make, { ahead: prefetch, atOnce: decodedAtOnce })) {
      const targets = Int32Array.from(placesOf(batch), (place) => dataset.labels[place]!);
      const plain = { images, targets };
      yield mix ? mix(plain, dataset.classes.length, randomFor(seed, 'mix', epoch, batch)) : plain;
      batch += every;
    }
  } catch (error) {
    throw unread.has(error) ? await allBroken(dataset, error) : error;
  }
}

/**
 * The source of a training's batches: a last one of fewer images than the others is left out, unless it is the only one.
 */
export function batchSource(dataset: Dataset, options: BatchesOptions) {
  const dropLast = dataset.labels.length >= options.batchSize;
  return (epoch: number, first: number, every = 1): AsyncGenerator<Batch> =>
    batches(dataset, { dropLast, ...options, epoch, first, every });
}
