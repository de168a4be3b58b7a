import { ready } from '#backends';
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
import type * as tf from '@tensorflow/tfjs-core';
import { imageList, isTensor, type ImageSource } from './image.js';
import { preprocess } from './preprocess.js';

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
  checkInteger('batchSize', options.batchSize ?? 32, 1);
  if (isImageClassifier(network) && !isTensor(given)) {
    const { preprocessing } = network;
    const list = imageList(given as ImageSource);
    const prepared = (begin: number, end: number) => preprocess(list.slice(begin, end), preprocessing);
    return predictBatches(network, list.length, prepared, options);
  }
  const count = countExamples(given, 'predict: x');
  const part = (begin: number, end: number) => sliceExamples(given, begin, end - begin, count, 'x');
  return predictBatches(network, count, part, options);
}

/** @param inputOf - Makes the input of the examples from `begin` to below `end`. */
async function predictBatches<Input, Output>(
  network: Module<Input, Output>,
  count: number,
  inputOf: (begin: number, end: number) => Input | Promise<Input>,
  { batchSize = 32, onProgress, signal }: PredictOptions,
): Promise<Output> {
  check(count > 0, () => 'predict: there is nothing to predict; give at least one example.');
  await ready();
  const outputs: Output[] = [];
  try {
    for (let begin = 0; begin < count; begin += batchSize) {
      const end = Math.min(begin + batchSize, count);
      const x = await inputOf(begin, end);
      try {
        outputs.push(evaluationOutput(network, x));
      } finally {
        disposeTensors(x);
      }
      checkRows(outputs.at(-1), end - begin);
      onProgress?.(end, count);
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
