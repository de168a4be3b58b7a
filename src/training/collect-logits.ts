import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { check, checkModule, checkOptions, shown } from '../core/errors.js';
import type { AnyModule, Module } from '../core/module.js';
import { nextTask } from '../core/next-task.js';
import { disposeTensors, evaluationOutput } from '../core/tensors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import { checkDataset, isDataset } from './data/check-dataset.js';
import type { Dataset } from './data/dataset.js';
import { checkTensorData, isTensorData, tensorBatches, type TensorData } from './data/tensor-batches.js';
import { imageLogits, type EvaluateOptions, type LogitsBatch } from './image-logits.js';

/**
 * What a network says of examples whose classes are known. Logits may be any whose softmax is meant: of probabilities, their
 * logarithms.
 */
export interface LabelledLogits {
  /** A row for each example, a value for each class. */
  readonly logits: readonly ArrayLike<number>[];
  /** The class of each example: a place in its row. */
  readonly labels: ArrayLike<number>;
}

/** Options of {@link collectLogits} for batches of tensors. */
export type CollectLogitsOptions = Pick<EvaluateOptions, 'signal'> & {
  /** Called after each batch with the number of examples so far. */
  readonly onProgress?: (done: number) => void;
};

/**
 * The logits of all images of a data set with their classes, in the data's order. Classes are matched as `evaluate` does.
 * @throws ArgumentError and Error as `evaluate`.
 */
export async function collectLogits(
  model: ImageClassifier,
  data: Dataset,
  options?: EvaluateOptions,
): Promise<LabelledLogits>;
/**
 * The logits of all examples of any data, for any network whose output is logits [N, classes].
 * @param data - Batches as `train` takes them; `y` is the classes [N], or soft targets [N, classes], of which the largest counts.
 * @throws ArgumentError where output or targets are not of such shapes.
 */
export async function collectLogits<Input>(
  model: Module<Input, tf.Tensor2D>,
  data: TensorData<Input, tf.Tensor1D | tf.Tensor2D>,
  options?: CollectLogitsOptions,
): Promise<LabelledLogits>;
export async function collectLogits(
  model: AnyModule,
  data: unknown,
  options: EvaluateOptions | CollectLogitsOptions = {},
): Promise<LabelledLogits> {
  checkModule('collectLogits', model);
  return gathered(logitBatches(model, data, options));
}

/** Features of examples whose classes are known. */
export interface LabelledFeatures {
  /** A row for each example. */
  readonly features: readonly ArrayLike<number>[];
  /** The class of each example. */
  readonly labels: ArrayLike<number>;
}

/**
 * The features of all images of a data set that the head makes logits of, with their classes, in the data's order. Of another network,
 * give `collectLogits` a module that ends in them.
 * @throws ArgumentError and Error as `evaluate`.
 */
export async function collectFeatures(
  model: ImageClassifier,
  data: Dataset,
  options: EvaluateOptions = {},
): Promise<LabelledFeatures> {
  checkModule('collectFeatures', model);
  check(
    isImageClassifier(model),
    () =>
      'collectFeatures: the model is no image classifier; give collectLogits a module that ends in the features.',
  );
  checkDataset('collectFeatures', data);
  const { logits, labels } = await gathered(imageLogits('collectFeatures', model, data, options, 'features'));
  return { features: logits, labels };
}

async function gathered(batches: AsyncIterable<LogitsBatch>): Promise<LabelledLogits> {
  const logits: ArrayLike<number>[] = [];
  const labels: number[] = [];
  for await (const batch of batches) {
    const { length } = batch.labels;
    const size = batch.logits.length / length;
    for (let i = 0; i < length; i++) {
      logits.push(batch.logits.subarray(i * size, (i + 1) * size));
      labels.push(batch.labels[i]!);
    }
  }
  check(labels.length > 0, () => 'The data are empty; give at least one example.');
  return { logits, labels: Int32Array.from(labels) };
}

function logitBatches(model: AnyModule, data: unknown, options: EvaluateOptions | CollectLogitsOptions) {
  if (isImageClassifier(model) && (isDataset(data) || !isTensorData(data))) {
    checkDataset('collectLogits', data);
    return imageLogits('collectLogits', model, data, options as EvaluateOptions);
  }
  checkTensorData('collectLogits', data);
  const given = options as CollectLogitsOptions;
  checkOptions('collectLogits', given, { onProgress: true, signal: true });
  return moduleLogits(model, data as TensorData<unknown, unknown>, given);
}

async function* moduleLogits(
  model: AnyModule,
  data: TensorData<unknown, unknown>,
  { onProgress, signal }: CollectLogitsOptions,
) {
  await ready();
  let done = 0;
  for await (const { x, y, examples } of tensorBatches(data, 0, 0)) {
    const output = evaluationOutput(model, x);
    try {
      checkShapes(output, y, examples);
      const [values, classes] = [output, y] as [tf.Tensor2D, tf.Tensor1D | tf.Tensor2D];
      const labels = tf.tidy(() =>
        tf.cast(classes.rank === 2 ? tf.argMax(classes, 1) : tf.clone(classes), 'int32'),
      );
      try {
        yield { logits: await values.data<'float32'>(), labels: await labels.data<'int32'>() };
      } finally {
        labels.dispose();
      }
    } finally {
      disposeTensors(output);
    }
    onProgress?.((done += examples));
    await nextTask();
    signal?.throwIfAborted();
  }
}

function checkShapes(output: unknown, y: unknown, examples: number): void {
  const shapeOf = (value: unknown) => (value instanceof tf.Tensor ? `[${value.shape}]` : shown(value));
  check(
    output instanceof tf.Tensor && output.rank === 2 && output.shape[0] === examples,
    () =>
      `The network gave ${shapeOf(output)} for ${examples} examples; give one whose output is logits [N, classes].`,
  );
  const { shape } = output as tf.Tensor2D;
  check(
    y instanceof tf.Tensor && [`${examples}`, `${shape}`].includes(`${y.shape}`),
    () => `The targets y are ${shapeOf(y)}; give the classes [${examples}], or soft targets [${shape}].`,
  );
}
