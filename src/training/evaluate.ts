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

/**
 * How well a model classifies a data set. Images are resized and cropped as the model's `preprocessing` says, unless they
 * have its size already. Where the model has labels, the data's classes are found among them by name, and may be fewer; the
 * evaluation's rows and columns are the model's classes. Where no name is known on both sides, classes go by their place.
 * @throws Error where the model has no head, its classes do not fit the data's, an image cannot be decoded, or the logits are
 * not finite.
 */
export async function evaluate(
  model: ImageClassifier,
  data: Dataset,
  { batchSize = 128, size = model.preprocessing.size, onProgress, signal }: EvaluateOptions = {},
): Promise<Evaluation> {
  const places = classPlaces(model, data);
  const metrics = new Metrics(model.classes!);
  const preprocessing = resized(model.preprocessing, size);
  const total = data.labels.length;
  let done = 0;
  await ready();
  const transform = (image: Parameters<typeof fit>[0]) => fit(image, preprocessing);
  for await (const batch of batches(data, { batchSize, shuffle: false, transform })) {
    const logits = await takeValues(tf.tidy(() => model.predict(tensorsOf(batch, preprocessing).x)));
    metrics.add(
      logits,
      Array.from(batch.targets, (label) => places[label]!),
    );
    done += batch.images.length;
    onProgress?.(done, total);
    await nextTask();
    signal?.throwIfAborted();
  }
  return metrics.result();
}

/**
 * The place of each of the data's classes among the model's.
 * @throws ArgumentError where the model has no head, or knows some of the names and not the others.
 */
function classPlaces(model: ImageClassifier, { classes }: Dataset): number[] {
  const { labels = [] } = model;
  const known = classes.filter((name) => labels.includes(name));
  if (known.length === 0) return Array.from({ length: checkClasses(model, classes.length) }, (_, i) => i);
  const others = classes.filter((name) => !labels.includes(name));
  check(
    others.length === 0,
    () =>
      `The data has the classes ${others.join(', ')}, which the model does not know; it knows ${labels.join(', ')}. Give data of ` +
      'these, or rename the classes.',
  );
  checkSeveralClasses(model.classes ?? 0);
  return classes.map((name) => labels.indexOf(name));
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
      `The model has ${model.classes} classes and the data ${classes}; give data of as many, or build it with ` +
      `{ classes: ${classes} }.`,
  );
  checkSeveralClasses(classes);
  return classes;
}
