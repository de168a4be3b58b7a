import { ready } from '#backends';
import { check, checkModule, checkOptions, type OptionNames } from '../core/errors.js';
import type { AnyModule, Module } from '../core/module.js';
import { nextTask } from '../core/next-task.js';
import { disposeTensors, evaluationOutput } from '../core/tensors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import { checkDataset, isDataset } from './data/check-dataset.js';
import type { Dataset } from './data/dataset.js';
import { checkTensorData, isTensorData, tensorBatches, type TensorData } from './data/tensor-batches.js';
import { imageLogits, type EvaluateOptions } from './image-logits.js';
import type { Loss } from './losses.js';
import { Means, measure, type Metric } from './measure.js';
import { Metrics, NotFiniteError, type Evaluation } from './metrics.js';
import type { ModuleEvaluation } from './train-events.js';

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
  const metrics = new Metrics(model.classes ?? 0);
  for await (const { logits, labels } of imageLogits('evaluate', model, data, options)) {
    metrics.add(logits, labels);
  }
  return metrics.result();
}
