import { checkModule, checkOptions } from '../core/errors.js';
import type { AnyModule, Module } from '../core/module.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import {
  checkImageTraining,
  checkTraining,
  imageTrainOptionNames,
  trainOptionNames,
} from './check-options.js';
import type { BatchSource } from './data/batches.js';
import type { Dataset } from './data/dataset.js';
import type { TensorData } from './data/tensor-batches.js';
import { imageTask, type ImageData } from './image-task.js';
import { trainingLoop } from './loop.js';
import { moduleTask } from './task.js';
import type { ModuleEvaluation, TrainEvent } from './train-events.js';
import type { ImageTrainOptions, TrainOptions } from './train-options.js';

export type * from './train-events.js';
export type * from './train-options.js';

/**
 * Trains an image classifier on images with classes, as the general `train` does.
 *
 * Classes go by name: images are trained as the model's class of the same name, wherever that stands. A model without labels has
 * the data's from before its first step on.
 * @param data - A data set, whose last batch is left out where it has fewer images than the others and is not the only
 * one; or a source of batches, which `batchSize`, `augment`, `mix` and the order by seed do not touch, and whose
 * targets are the model's classes; it has no names, so that `labels` is yours to set.
 * @throws ArgumentError where the data's classes are fewer than two or not the model's, of which it names those that
 * differ, a class has no image, or the validation data have none; and what the general `train` throws.
 */
export function train<Name extends string = 'accuracy'>(
  model: ImageClassifier,
  data: Dataset | BatchSource,
  options: ImageTrainOptions<Name>,
): AsyncGenerator<TrainEvent<Name>, void, void>;
/**
 * Trains a network: an iterator that takes a step whenever it is asked what came of the last one. The same seed, data and
 * options give the same weights on the same backend. Frozen parts stay as they are. Whoever stops iterating,
 * or aborts the signal, stops the training; the network then has the weights of its last step. So it has after an error: a step
 * is taken as a whole or not at all.
 *
 * Arguments are checked when it is called, before anything is asked of the iterator; before the first step, what the optimizer is
 * made with, and the names of classes where they are WordNet ids and the model's are ImageNet's.
 *
 * A checkpoint that cannot be written ends nothing: the event `checkpoint-failed` says so, and the next one is tried as usual;
 * where the last one fails, an error ends the training when all else is done. One training at a time has a folder of checkpoints.
 * That another one has it, or that it cannot be written to, is an error before the first step.
 * @param data - Batches `{ x, y }` of tensors, or of arrays or objects of tensors: an array of them, whose tensors stay, or a function
 * `(epoch, first)` that makes those of an epoch from the batch `first` on, whose tensors are freed after their step.
 * @throws Error where the loss is not finite; it names the first layer whose output is not. Error where the loss stays
 * above 100 times that of the first step, or of guessing, for ten steps or at the end. ArgumentError where an option is
 * out of range, everything is frozen, or an epoch has no batches. Error where another training has the folder of checkpoints, or
 * none of those to resume is whole.
 */
export function train<Input, Output, Target, Name extends string = never>(
  model: Module<Input, Output>,
  data: TensorData<Input, Target>,
  options: TrainOptions<Input, Output, Target, Name>,
): AsyncGenerator<TrainEvent<Name, ModuleEvaluation<Name>>, void, void>;
export function train(
  model: AnyModule,
  data: unknown,
  options: unknown,
): AsyncGenerator<TrainEvent<string, unknown>, void, void> {
  checkModule('train', model);
  if (isImageClassifier(model)) {
    const given = options as ImageTrainOptions<string>;
    checkOptions('train', given, imageTrainOptionNames);
    checkImageTraining(data, given);
    return trainingLoop(imageTask(model, data as ImageData, given), given);
  }
  const given = options as TrainOptions<unknown, unknown, unknown, string>;
  checkOptions('train', given, trainOptionNames);
  checkTraining(data, given);
  const task = moduleTask(model, data as TensorData<unknown, unknown>, given);
  return trainingLoop(() => task, given);
}
