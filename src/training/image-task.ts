import type * as tf from '@tensorflow/tfjs-core';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { BatchSource } from './data/batches.js';
import { isDataset } from './data/check-dataset.js';
import type { Dataset } from './data/dataset.js';
import { imageBatches, tensorSource, type ClassTargets } from './data/image-batches.js';
import type { TensorData } from './data/tensor-batches.js';
import { evaluate, evaluateModule } from './evaluate.js';
import { resized } from './inputs.js';
import { softmaxCrossEntropy } from './losses.js';
import { matchTraining, type ClassMapping, type MatchedTraining } from './match-classes.js';
import { accuracy } from './measure.js';
import type { Evaluation } from './metrics.js';
import { plainObjective } from './objective.js';
import type { Task } from './task.js';
import type { ModuleEvaluation } from './train-events.js';
import type { ImageTrainOptions } from './train-options.js';
import { mayHaveWordNetIds, withWordNetIds } from './wordnet-ids.js';

type Images = TensorData<tf.Tensor4D, ClassTargets>;

/** What an image classifier trains on. */
export type ImageData = Dataset | BatchSource | Images;

/** Options for {@link ImageData}. */
export type ImageTaskOptions = Omit<ImageTrainOptions<string>, 'validation'> & {
  readonly validation?: Dataset | Images;
};

/** The training of an image classifier. */
export type ImageTask = Task<tf.Tensor4D, tf.Tensor2D, ClassTargets, Evaluation | ModuleEvaluation>;

/**
 * The training of an image classifier. Classes of data sets are matched with the model's by name.
 * @returns what gives it: at once, unless the names are WordNet ids, which have to be loaded.
 * @throws ArgumentError where the classes are not the model's.
 */
export function imageTask(
  model: ImageClassifier,
  data: ImageData,
  options: ImageTaskOptions,
): () => ImageTask | Promise<ImageTask> {
  const { classes = {} } = options;
  const training = isDataset(data) ? data : undefined;
  const validation = isDataset(options.validation) ? options.validation : undefined;
  const known = { classes: model.classes, labels: model.labels ?? training?.classes };
  const task = (mapping: ClassMapping) =>
    taskOf(model, data, options, matchTraining(model, training, { classes: mapping, validation }));
  if (mayHaveWordNetIds(known, classes, training, validation)) {
    return async () => task(await withWordNetIds(known, classes, training, validation));
  }
  const made = task(classes);
  return () => made;
}

function taskOf(
  model: ImageClassifier,
  data: ImageData,
  options: ImageTaskOptions,
  { data: training, validation, labels }: MatchedTraining<Dataset | undefined>,
): ImageTask {
  const { loss = softmaxCrossEntropy, metrics = { accuracy }, signal } = options;
  const { objective = plainObjective() } = options;
  const { batchSize = 128, size = model.preprocessing.size, seed, augment, mix } = options;
  const preprocessing = resized(model.preprocessing, size);
  const source = training
    ? imageBatches(training, { preprocessing, batchSize, seed, augment, mix })
    : typeof data === 'function'
      ? tensorSource(data, preprocessing)
      : (data as Images);
  const others = validation ? undefined : (options.validation as Images | undefined);
  return {
    ...{ model, data: source, loss, metrics, objective },
    evaluate: validation
      ? () => evaluate(model, validation, { size, signal })
      : others && (() => evaluateModule(model, others, { loss, metrics, signal })),
    score: (evaluation) => ('top1' in evaluation ? evaluation.top1 : -evaluation.loss!),
    guess: Math.log(model.classes ?? 1),
    identity: {
      model: model.architecture.name,
      architecture: model.architecture,
      convention: model.convention,
      ...{ batchSize, labels },
    },
    begin: () => {
      model.labels = labels;
    },
  };
}
