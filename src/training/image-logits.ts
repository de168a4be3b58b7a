import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../core/context.js';
import { checkInteger, checkOptions, type OptionNames } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import { runParts } from '../core/parts.js';
import { takeValues } from '../core/take-values.js';
import { checkHeadKept } from '../models/check-head.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { RgbImage } from '../vision/image.js';
import { beforeViews, checkViews, meanOverViews, type Views } from '../vision/views.js';
import { batches } from './data/batches.js';
import type { Dataset } from './data/dataset.js';
import { fit, resized, tensorsOf } from './inputs.js';
import { checkMapping, matchClasses, type ClassMapping } from './match-classes.js';
import { withWordNetIds } from './wordnet-ids.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Images that go through the model together. Default 128. */
  readonly batchSize?: number;
  /** Side of the images, in pixels. Default what the model is meant for. */
  readonly size?: number;
  /** Looks at each image several times, and averages the logits. Default once. */
  readonly views?: Views;
  /** What the model calls classes of the data that it has by another name. Default the same names. */
  readonly classes?: ClassMapping;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

/** Every one of {@link EvaluateOptions}. */
export const evaluateOptionNames: OptionNames<EvaluateOptions> = {
  batchSize: true,
  size: true,
  views: true,
  classes: true,
  onProgress: true,
  signal: true,
};

/** The logits of some images, a row of `classes` values each, and their true classes. */
export interface LogitsBatch {
  readonly logits: Float32Array;
  readonly labels: Int32Array;
}

/**
 * The logits of a data set's images, batch by batch, in the data's order.
 * @param where - What asks for them, for messages.
 * @param output - Whether the pooled features before the head are asked for, in the place of the logits.
 * @throws ArgumentError and Error as {@link evaluate}.
 */
export async function* imageLogits(
  where: string,
  model: ImageClassifier,
  data: Dataset,
  options: EvaluateOptions,
  output: 'logits' | 'features' = 'logits',
): AsyncGenerator<LogitsBatch> {
  checkOptions(where, options, evaluateOptionNames);
  const {
    batchSize = 128,
    size = model.preprocessing.size,
    classes = {},
    views,
    onProgress,
    signal,
  } = options;
  checkInteger('batchSize', batchSize, 1);
  checkInteger('size', size, 1);
  checkViews(views);
  checkMapping(classes, data);
  const matched = matchClasses(model, data, await withWordNetIds(model, classes, data));
  const count = model.classes!;
  const preprocessing = beforeViews(resized(model.preprocessing, size), views);
  let done = 0;
  await ready();
  const transform = (image: RgbImage) => fit(image, preprocessing);
  for await (const batch of batches(matched, { batchSize, shuffle: false, transform })) {
    const values = tf.tidy(() =>
      meanOverViews(tensorsOf(batch, preprocessing).x, views, size, (x) =>
        output === 'logits' ? model.predict(x) : pooledFeatures(model, x),
      ),
    );
    const logits = await takeValues(values);
    if (output === 'logits') checkHeadKept(where, count, logits.length / batch.images.length);
    yield { logits, labels: batch.targets as Int32Array };
    done += batch.images.length;
    onProgress?.(done, data.labels.length);
    await nextTask();
    signal?.throwIfAborted();
  }
}

function pooledFeatures(model: ImageClassifier, x: tf.Tensor4D): tf.Tensor2D {
  const body = model.parts().filter(([name]) => name !== 'head');
  return runParts(body, x, ([, part], y) => part.forward(y, evaluation)) as tf.Tensor2D;
}
