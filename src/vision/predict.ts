import { ready } from '#backends';
import type * as tf from '@tensorflow/tfjs-core';
import { check, checkInteger, checkModule, checkOptions, type OptionNames } from '../core/errors.js';
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

/** Options of {@link predict}. */
export interface PredictOptions {
  /** Examples that go through the network together. Default 32. */
  readonly batchSize?: number;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

const optionNames: OptionNames<PredictOptions> = { batchSize: true, onProgress: true, signal: true };

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
  const { batchSize = 32 } = options;
  checkInteger('batchSize', batchSize, 1);
  if (isImageClassifier(network) && !isTensor(given)) {
    const images = imageList(given as ImageSource);
    const inputs = imageInputs(images, network.preprocessing, batchSize);
    return predictBatches(network, images.length, inputs, options);
  }
  const count = countExamples(given, 'predict: x');
  return predictBatches(network, count, slices(given, count, batchSize), options);
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
  network: Module<Input, Output>,
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
        outputs.push(evaluationOutput(network, x));
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
