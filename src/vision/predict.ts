import { ready } from '#backends';
import type * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../core/context.js';
import { check, checkInteger, checkModule, checkOptions, shown, type OptionNames } from '../core/errors.js';
import type { AnyModule, Module } from '../core/module.js';
import { nextTask } from '../core/next-task.js';
import {
  countExamples,
  disposeTensors,
  evaluationOutput,
  joinExamples,
  sliceExamples,
  tensorsIn,
} from '../core/tensors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import type { Preprocessing } from '../models/preprocessing.js';
import { imageList, isTensor, type ImageSource } from './image.js';
import { normalize, preparedBatches, preparedSquare } from './preprocess.js';
import { beforeViews, checkTensorViews, checkViews, meanOverViews, type Views } from './views.js';

/** Options of {@link predict}. */
export interface PredictOptions {
  /** Examples that go through the network together. Default 32. */
  readonly batchSize?: number;
  /** Looks at each image several times, and averages the outputs. Of a tensor [N, H, W, C] only `'flip'`. Default once. */
  readonly views?: Views;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

const optionNames: OptionNames<PredictOptions> = {
  batchSize: true,
  views: true,
  onProgress: true,
  signal: true,
};

/**
 * The logits of images, [N, classes], in the order of the images; `tf.softmax` makes probabilities of them. Of a model without a head,
 * the pooled features. Images are prepared as the model's `preprocessing` says.
 * @param images - One or several, as `classify` takes them.
 * @throws ArgumentError where there is no image; Error where an image cannot be read.
 */
export async function predict(
  model: ImageClassifier,
  images: ImageSource | readonly ImageSource[],
  options?: PredictOptions,
): Promise<tf.Tensor2D>;
/**
 * What a network gives in evaluation, computed batch by batch, so that any number of examples fits into memory. Other work of the
 * program has its turn between two batches.
 * @param x - The network's input: a tensor, or an array or object of tensors, whose first axis is the examples.
 * @returns the network's output, whose first axis is the examples in the same order. The caller disposes of it.
 * @throws ArgumentError where a tensor of the input or output does not have a row for each example.
 */
export async function predict<Input, Output>(
  network: Module<Input, Output>,
  x: Input,
  options?: PredictOptions,
): Promise<Output>;
export async function predict(
  network: AnyModule,
  given: unknown,
  options: PredictOptions = {},
): Promise<unknown> {
  checkModule('predict', network);
  checkOptions('predict', options, optionNames);
  const { batchSize = 32, views } = options;
  checkInteger('batchSize', batchSize, 1);
  const size = isImageClassifier(network) ? network.preprocessing.size : 0;
  const run = (x: unknown) =>
    views === undefined
      ? evaluationOutput(network, x)
      : meanOverViews(x as tf.Tensor4D, views, size, (view) => tensorOutput(network, view));
  if (isImageClassifier(network) && !isTensor(given)) {
    checkViews(views);
    const images = imageList(given as ImageSource);
    const inputs = imageInputs(images, beforeViews(network.preprocessing, views), batchSize);
    return predictBatches(run, images.length, inputs, options);
  }
  const count = countExamples(given, 'predict: x');
  checkTensorViews(given, views);
  return predictBatches(run, count, slices(given, count, batchSize), options);
}

/** What a network gives for one view, which has to be a single tensor. */
function tensorOutput(network: AnyModule, view: tf.Tensor4D): tf.Tensor {
  const output: unknown = network.forward(view, evaluation);
  check(
    isTensor(output),
    () => `views are averaged of one tensor, and the network gave ${shown(output)}; leave views out.`,
  );
  return output;
}

async function* imageInputs(images: readonly ImageSource[], preprocessing: Preprocessing, batchSize: number) {
  const prepare = (image: ImageSource) => preparedSquare(image, preprocessing);
  for await (const squares of preparedBatches(images, batchSize, prepare)) {
    yield normalize(squares, preprocessing);
  }
}

function* slices<Input>(x: Input, count: number, batchSize: number) {
  for (let begin = 0; begin < count; begin += batchSize) {
    yield sliceExamples(x, begin, Math.min(batchSize, count - begin), count, 'x');
  }
}

/** @param inputs - Batch by batch; they are freed. */
async function predictBatches<Input, Output>(
  run: (x: Input) => Output,
  count: number,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  { onProgress, signal }: PredictOptions,
): Promise<Output> {
  check(count > 0, () => 'predict: there is nothing to predict; give at least one example.');
  await ready();
  const outputs: Output[] = [];
  let done = 0;
  try {
    for await (const x of inputs) {
      const rows = countExamples(x, 'x');
      try {
        outputs.push(run(x));
      } finally {
        disposeTensors(x);
      }
      checkRows(outputs.at(-1), rows);
      onProgress?.((done += rows), count);
      await nextTask();
      signal?.throwIfAborted();
    }
    return joinExamples(outputs);
  } finally {
    disposeTensors(outputs);
  }
}

function checkRows(output: unknown, rows: number): void {
  const other = tensorsIn(output).find(([, { shape }]) => shape[0] !== rows);
  check(
    other === undefined,
    () =>
      `predict: the network gave [${other![1].shape}]${other![0] && ` at ${other![0]}`} for ${rows} examples; its output needs a ` +
      'row for each. Call forward for such networks.',
  );
}
