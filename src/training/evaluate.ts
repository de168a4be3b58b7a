import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { check, checkInteger, checkModule, checkOptions, type OptionNames } from '../core/errors.js';
import type { AnyModule, Module } from '../core/module.js';
import { nextTask } from '../core/next-task.js';
import { takeValues } from '../core/take-values.js';
import { disposeTensors, evaluationOutput } from '../core/tensors.js';
import { checkHeadKept } from '../models/check-head.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import { batches } from './data/batches.js';
import { checkDataset, isDataset } from './data/check-dataset.js';
import type { Dataset } from './data/dataset.js';
import { checkTensorData, isTensorData, tensorBatches, type TensorData } from './data/tensor-batches.js';
import { fit, resized, tensorsOf } from './inputs.js';
import type { Loss } from './losses.js';
import { checkMapping, matchClasses, type ClassMapping } from './match-classes.js';
import { Means, measure, type Metric } from './measure.js';
import { Metrics, NotFiniteError, type Evaluation } from './metrics.js';
import type { ModuleEvaluation } from './train-events.js';
import { withWordNetIds } from './wordnet-ids.js';

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

/** Options of {@link evaluate} for batches of tensors. */
export interface ModuleEvaluateOptions<Output, Target, Name extends string = never> {
  /** Default none; then there have to be metrics. */
  readonly loss?: Loss<Output, Target>;
  /** Default none. */
  readonly metrics?: Readonly<Record<Name, Metric<Output, Target>>>;
  /** Called after each batch with the number of examples so far. */
  readonly onProgress?: (done: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

const moduleOptionNames: OptionNames<ModuleEvaluateOptions<unknown, unknown>> = {
  loss: true,
  metrics: true,
  onProgress: true,
  signal: true,
};

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
  options?: EvaluateOptions,
): Promise<Evaluation>;
/**
 * Means of a loss and of metrics over the examples of any data, for any network. Nothing in the network changes.
 * @param data - Batches as `train` takes them; of a function, those of epoch 0.
 * @throws ArgumentError where there is neither loss nor metric, or no batch; NotFiniteError where the loss is not finite.
 */
export async function evaluate<Input, Output, Target, Name extends string = never>(
  model: Module<Input, Output>,
  data: TensorData<Input, Target>,
  options: ModuleEvaluateOptions<Output, Target, Name>,
): Promise<ModuleEvaluation<Name>>;
export async function evaluate(
  model: AnyModule,
  data: unknown,
  options: unknown = {},
): Promise<Evaluation | ModuleEvaluation> {
  checkModule('evaluate', model);
  if (isImageClassifier(model) && (isDataset(data) || !isTensorData(data))) {
    checkDataset('evaluate', data);
    return evaluateImages(model, data, options as EvaluateOptions);
  }
  checkTensorData('evaluate', data);
  const given = options as ModuleEvaluateOptions<unknown, unknown, string>;
  checkOptions('evaluate', given, moduleOptionNames);
  return evaluateModule(model, data as TensorData<unknown, unknown>, given);
}

/** {@link evaluate} of batches of tensors. */
export async function evaluateModule<Input, Output, Target>(
  model: Module<Input, Output>,
  data: TensorData<Input, Target>,
  { loss, metrics = {}, onProgress, signal }: ModuleEvaluateOptions<Output, Target, string>,
): Promise<ModuleEvaluation> {
  const isMeasuring = loss !== undefined || Object.keys(metrics).length > 0;
  check(isMeasuring, () => 'evaluate: there is nothing to measure; give a loss, or metrics.');
  await ready();
  const losses = new Means();
  const means = new Means();
  let done = 0;
  for await (const { x, y, examples } of tensorBatches(data, 0, 0)) {
    const output = evaluationOutput(model, x);
    try {
      if (loss) losses.add(examples, await measure({ loss }, output, y));
      means.add(examples, await measure(metrics, output, y));
    } finally {
      disposeTensors(output);
    }
    done += examples;
    onProgress?.(done);
    await nextTask();
    signal?.throwIfAborted();
  }
  check(done > 0, () => 'There were no batches to evaluate on; give at least one.');
  const mean = losses.of(done)['loss'];
  if (mean !== undefined && !Number.isFinite(mean)) throw new NotFiniteError(`a loss of ${mean}`);
  return { examples: done, loss: mean, metrics: means.of(done) };
}

async function evaluateImages(
  model: ImageClassifier,
  data: Dataset,
  options: EvaluateOptions,
): Promise<Evaluation> {
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
