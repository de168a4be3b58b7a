import * as tf from '@tensorflow/tfjs-core';
import { checkInteger, checkOptions, type OptionNames } from '../../core/errors.js';
import { checkPreprocessing, type Preprocessing } from '../../models/preprocessing.js';
import type { Augmentation } from '../../vision/augment/augmentation.js';
import { fit, tensorsOf } from '../inputs.js';
import { batchSource, type BatchSource } from './batches.js';
import { checkDataset } from './check-dataset.js';
import type { Dataset } from './dataset.js';
import type { Mix } from './mix.js';
import type { TensorBatch, TensorSource } from './tensor-batches.js';

/** What images should give: classes, [N] of int32, or soft targets [N, classes], as mixup and CutMix make them. */
export type ClassTargets = tf.Tensor1D | tf.Tensor2D;

/** Options of {@link imageBatches}. */
export interface ImageBatchesOptions {
  /** How images become the network's input, such as a model's `preprocessing`. */
  readonly preprocessing: Preprocessing;
  /** Images of a batch. Default 128. */
  readonly batchSize?: number;
  /** Whether the order is random; then a last batch of fewer images is left out, unless it is the only one. Default true. */
  readonly shuffle?: boolean;
  /** Done to every image. Default nothing. */
  readonly augment?: Augmentation;
  /** Done to every batch. Default nothing. */
  readonly mix?: Mix;
  /** Of order, augmentation and mixing. Default 0. */
  readonly seed?: number;
}

const optionNames: OptionNames<ImageBatchesOptions> = {
  preprocessing: true,
  batchSize: true,
  shuffle: true,
  augment: true,
  mix: true,
  seed: true,
};

/**
 * The batches of a data set for `train` and `evaluate` of any network of images: x is [N, size, size, 3], y the classes, by their place in
 * the data set.
 * @throws ArgumentError where an option is out of range.
 */
export function imageBatches(
  data: Dataset,
  options: ImageBatchesOptions,
): TensorSource<tf.Tensor4D, ClassTargets> {
  checkDataset('imageBatches', data);
  checkOptions('imageBatches', options, optionNames);
  const { preprocessing, batchSize = 128, shuffle = true, ...others } = options;
  checkPreprocessing(preprocessing);
  checkInteger('batchSize', batchSize, 1);
  // Every image has the network's size before it may be mixed with others.
  const transform = (image: Parameters<typeof fit>[0]) => fit(image, preprocessing);
  const dropLast = shuffle && data.labels.length >= batchSize;
  const source = batchSource(data, { ...others, batchSize, shuffle, dropLast, transform });
  return tensorSource(source, preprocessing);
}

/** Makes tensors of batches of images; batches of tensors stay. */
export function tensorSource(
  source: BatchSource | TensorSource<tf.Tensor4D, ClassTargets>,
  preprocessing: Preprocessing,
): TensorSource<tf.Tensor4D, ClassTargets> {
  return async function* (epoch, first) {
    for await (const batch of source(epoch, first)) {
      yield 'images' in batch ? imageTensors(batch, preprocessing) : batch;
    }
  };
}

function imageTensors(
  batch: Parameters<typeof tensorsOf>[0],
  preprocessing: Preprocessing,
): TensorBatch<tf.Tensor4D, ClassTargets> {
  const { x, targets } = tf.tidy(() => tensorsOf(batch, preprocessing));
  return { x, y: targets };
}
