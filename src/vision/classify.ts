import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, checkInteger, checkModel, checkOptions } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import { checkHeadKept } from '../models/check-head.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkOrder } from '../models/labels/check-labels.js';
import { checkPreprocessing } from '../models/preprocessing.js';
import { checkDecoding, decodePredictions, type Classification } from './decode-predictions.js';
import { imageList, type ImageSource, type RgbImage } from './image.js';
import { normalize, preparedBatches, preparedSquare } from './preprocess.js';

/** Options of {@link classify}. */
export interface ClassifyOptions {
  /** How many classes to name, the likeliest first. Default 5, or as many as there are. */
  readonly top?: number;
  /** Names of the classes. Default the model's, where it has any, otherwise `class 0` and so on. */
  readonly labels?: readonly string[];
  /** Images that go through the model together. Default 8. */
  readonly batchSize?: number;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What {@link classify} asks of a model. */
export type Classifier = Pick<ImageClassifier, 'predict' | 'preprocessing' | 'classes' | 'labels'>;

/** Says of every image what it shows, as below. */
export async function classify(
  model: Classifier,
  images: readonly ImageSource[],
  options?: ClassifyOptions,
): Promise<Classification[][]>;
/**
 * Says what an image shows: decodes it, prepares it as the model's `preprocessing` says, and names the likeliest classes.
 * @throws Error where an image cannot be read, the model has no head, the labels are not as many as its classes or the model's in another order, or its
 * logits are not finite.
 */
// The commoner call comes last, since TypeScript's errors speak of the last one.
export async function classify(
  model: Classifier,
  image: ImageSource,
  options?: ClassifyOptions,
): Promise<Classification[]>;
export async function classify(
  model: Classifier,
  images: ImageSource | readonly ImageSource[],
  options: ClassifyOptions = {},
): Promise<Classification[] | Classification[][]> {
  const settings = checkedSettings(model, options);
  await ready();
  const list = imageList(images);
  const results: Classification[][] = [];
  const prepare = (image: ImageSource) => preparedSquare(image, model.preprocessing);
  for await (const squares of preparedBatches(list, settings.batchSize, prepare)) {
    results.push(...(await classifySquares(model, squares, settings)));
    options.onProgress?.(results.length, list.length);
    await nextTask();
  }
  return Array.isArray(images) ? results : results[0]!;
}

/**
 * As {@link classify}, batch by batch. For an image that cannot be read, its error stands in place of its classes.
 * @throws what is not an image's fault.
 */
export async function* classifyEach(
  model: Classifier,
  images: readonly ImageSource[],
  options: ClassifyOptions = {},
): AsyncGenerator<(Classification[] | Error)[]> {
  const settings = checkedSettings(model, options);
  await ready();
  const prepare = async (image: ImageSource) => {
    try {
      return await preparedSquare(image, model.preprocessing);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof ArgumentError) throw error;
      return error;
    }
  };
  for await (const prepared of preparedBatches(images, settings.batchSize, prepare)) {
    const squares = prepared.filter((square): square is RgbImage => !(square instanceof Error));
    const found = squares.length > 0 ? await classifySquares(model, squares, settings) : [];
    const next = found.values();
    yield prepared.map((square) => (square instanceof Error ? square : next.next().value!));
    await nextTask();
  }
}

/** What {@link classify} goes by. */
interface Settings {
  readonly classes: number;
  readonly top: number;
  readonly labels: readonly string[] | undefined;
  readonly batchSize: number;
}

/** @throws Error where {@link classify} would before it reads an image. */
function checkedSettings(model: Classifier, options: ClassifyOptions): Settings {
  checkModel('classify', model);
  checkOptions('classify', options, { top: true, labels: true, batchSize: true, onProgress: true });
  const { classes } = model;
  if (classes === undefined) {
    throw new ArgumentError('This model has no head to classify with; build it with { includeTop: true }.');
  }
  const { top = Math.min(5, classes), batchSize = 8 } = options;
  const labels = options.labels ?? model.labels;
  checkDecoding(classes, top, labels);
  if (options.labels) checkOrder(options.labels, model.labels);
  checkInteger('batchSize', batchSize, 1);
  checkPreprocessing(model.preprocessing);
  return { classes, top, labels, batchSize };
}

async function classifySquares(
  model: Classifier,
  squares: readonly RgbImage[],
  { classes, top, labels }: Settings,
): Promise<Classification[][]> {
  const logits = tf.tidy(() => model.predict(normalize(squares, model.preprocessing)));
  try {
    checkHeadKept('classify', classes, logits.shape[1]);
    return await decodePredictions(logits, top, { labels });
  } finally {
    logits.dispose();
  }
}
