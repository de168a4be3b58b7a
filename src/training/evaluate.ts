import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, check } from '../core/errors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { batches } from './data/batches.js';
import type { Dataset } from './data/dataset.js';
import { checkSeveralClasses } from './data/check-classes.js';
import { fit, resized, tensorsOf } from './inputs.js';
import { Metrics, type Evaluation } from './metrics.js';
import { nextTask } from '../core/next-task.js';
import { takeValues } from '../core/take-values.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Images that go through the model together. Default 128. */
  readonly batchSize?: number;
  /** Side of the images, in pixels. Default what the model is meant for. */
  readonly size?: number;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

/** The logits of a model are NaN or infinite. */
export class NotFiniteError extends Error {
  override name = 'NotFiniteError';

  constructor() {
    super('The model gave logits that are not finite; its weights do not fit it, or the training diverged.');
  }
}

/**
 * How well a model classifies a data set. Images are resized and cropped as the model's `preprocessing` says, unless they
 * have its size already.
 * @throws Error where the model has no head or its classes are not as many as the data's, an image cannot be decoded, or
 * the logits are not finite.
 */
export async function evaluate(
  model: ImageClassifier,
  data: Dataset,
  { batchSize = 128, size = model.preprocessing.size, onProgress, signal }: EvaluateOptions = {},
): Promise<Evaluation> {
  const metrics = new Metrics(checkClasses(model, data.classes.length));
  const preprocessing = resized(model.preprocessing, size);
  const total = data.labels.length;
  let done = 0;
  await ready();
  const transform = (image: Parameters<typeof fit>[0]) => fit(image, preprocessing);
  for await (const batch of batches(data, { batchSize, shuffle: false, transform })) {
    const probabilities = tf.tidy(() => tf.softmax(model.predict(tensorsOf(batch, preprocessing).x)));
    const values = await takeValues(probabilities);
    if (!values.every(Number.isFinite)) throw new NotFiniteError();
    metrics.add(values, batch.targets);
    done += batch.images.length;
    onProgress?.(done, total);
    await nextTask();
    signal?.throwIfAborted();
  }
  return metrics.result();
}

/**
 * The number of the model's classes.
 * @throws ArgumentError where it has no head, another number than the data, or fewer than two.
 */
export function checkClasses(model: ImageClassifier, classes: number): number {
  if (model.classes === undefined)
    throw new ArgumentError('This model has no head to classify with; build it with { includeTop: true }.');
  check(
    model.classes === classes,
    () =>
      `The model has ${model.classes} classes and the data ${classes}; build it with { classes: ${classes} }.`,
  );
  checkSeveralClasses(classes);
  return classes;
}
