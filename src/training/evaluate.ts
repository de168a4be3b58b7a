import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { checkInteger, checkModel, checkOptions } from '../core/errors.js';
import { checkHeadKept } from '../models/check-head.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { batches } from './data/batches.js';
import { checkDataset } from './data/check-dataset.js';
import type { Dataset } from './data/dataset.js';
import { fit, resized, tensorsOf } from './inputs.js';
import { checkMapping, matchClasses, type ClassMapping } from './match-classes.js';
import { withWordNetIds } from './wordnet-ids.js';
import { Metrics, type Evaluation } from './metrics.js';
import { nextTask } from '../core/next-task.js';
import { takeValues } from '../core/take-values.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Images that go through the model together. Default 128. */
  readonly batchSize?: number;
  /** Side of the images, in pixels. Default what the model is meant for. */
  readonly size?: number;
  /** What the model calls classes of the data that it has by another name. Default the same names. */
  readonly classes?: ClassMapping;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

/**
 * How well a model classifies a data set. Images are resized and cropped as the model's `preprocessing` says, unless they
 * have its size already. The data's classes are found among the model's labels by name, in any order, and may be fewer; folders
 * named by WordNet ids are found among ImageNet's. The evaluation's rows and columns are the model's classes. Only where the
 * model has no labels do classes go by their place.
 * @throws ArgumentError where an option is out of range, the model has no head, or does not know a class of the data, of which it names those that differ;
 * Error where an image cannot be decoded, or the logits are not finite.
 */
export async function evaluate(
  model: ImageClassifier,
  data: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkModel('evaluate', model);
  checkDataset('evaluate', data);
  checkOptions('evaluate', options, {
    batchSize: true,
    size: true,
    classes: true,
    onProgress: true,
    signal: true,
  });
  const { batchSize = 128, size = model.preprocessing.size, classes = {}, onProgress, signal } = options;
  checkInteger('batchSize', batchSize, 1);
  checkInteger('size', size, 1);
  checkMapping(classes, data);
  const matched = matchClasses(model, data, await withWordNetIds(model, classes, data));
  const count = model.classes!;
  const metrics = new Metrics(count);
  const preprocessing = resized(model.preprocessing, size);
  const total = data.labels.length;
  let done = 0;
  await ready();
  const transform = (image: Parameters<typeof fit>[0]) => fit(image, preprocessing);
  for await (const batch of batches(matched, { batchSize, shuffle: false, transform })) {
    const logits = await takeValues(tf.tidy(() => model.predict(tensorsOf(batch, preprocessing).x)));
    checkHeadKept('evaluate', count, logits.length / batch.images.length);
    metrics.add(logits, batch.targets);
    done += batch.images.length;
    onProgress?.(done, total);
    await nextTask();
    signal?.throwIfAborted();
  }
  return metrics.result();
}
