import type * as tf from '@tensorflow/tfjs-core';
import type { NamedVariable } from '../core/module.js';
import type { Augmentation } from '../vision/augment/augmentation.js';
import type { Dataset } from './data/dataset.js';
import type { ClassTargets } from './data/image-batches.js';
import type { Mix } from './data/mix.js';
import type { TensorData } from './data/tensor-batches.js';
import type { Loss } from './losses.js';
import type { ClassMapping } from './match-classes.js';
import type { Metric } from './measure.js';
import type { Objective } from './objective.js';
import type { MovingAverageOptions } from './optim/moving-average.js';
import type { Optimizer } from './optim/optimizer.js';
import type { Schedule } from './optim/schedules.js';

/** Where and when `train` writes checkpoints; in Node only. */
export interface CheckpointOptions {
  /** Made where it is not there. */
  readonly folder: string;
  /** Steps from one to the next. There is also one at the end of every epoch. Default none. */
  readonly everySteps?: number;
  /**
   * How many of the latest stay. The weights with the best `validation` stay too, as `best.safetensors`: of
   * the moving average where there is one, in a file such as `encode` makes. The best is the highest top-1 of images with classes,
   * and the lowest loss of other data. Default 3.
   */
  readonly keep?: number;
  /**
   * Whether to continue from the latest one of the folder that is whole, if there is any; otherwise there may be none. Default
   * false.
   */
  readonly resume?: boolean;
}

/**
 * Options of `train` for any network.
 * @typeParam Input - What the network gets.
 * @typeParam Output - What it gives.
 * @typeParam Target - What the data say it should give.
 * @typeParam Name - The names of the metrics.
 */
export interface TrainOptions<Input, Output, Target, Name extends string = never> {
  /** How often to go through the data. */
  readonly epochs: number;
  /** What is to become small: the mean over the batch. */
  readonly loss: Loss<Output, Target>;
  /** How the loss of a step comes about, such as by `adversarialTraining`. Default: the loss of what the network gives. */
  readonly objective?: Objective<Input, Output, Target>;
  /** Measured in every step, on what the network gives in training. The events have their means over the examples. Default none. */
  readonly metrics?: Readonly<Record<Name, Metric<Output, Target>>>;
  /**
   * Examples that go through the network at a time; the gradients of a step are averaged. A batch is parted as evenly as it can be,
   * and no example goes alone (of an odd batch in parts of 2, one part has 3), unless this is 1. Default all.
   */
  readonly microBatchSize?: number;
  /**
   * Whether blocks of image classifiers keep only their input for the way back and run again there (gradient checkpointing): less
   * memory, more time, the same weights bit for bit. Default false.
   */
  readonly recompute?: boolean;
  /** The learning rate of each step. */
  readonly schedule: Schedule;
  /** Makes the optimizer of the parameters. Default SGD with Nesterov's momentum 0.9 and weight decay 1e-4. */
  readonly optimizer?: (parameters: readonly NamedVariable[]) => Optimizer;
  /** Norm that the gradients are clipped to. Default none. */
  readonly clipNorm?: number;
  /** Keeps an average of the weights, which is evaluated, and which the network has at the end. Default none. */
  readonly movingAverage?: MovingAverageOptions;
  /** Evaluated at the end of epochs, with the loss and the metrics. Default none. */
  readonly validation?: TensorData<Input, Target>;
  /** Epochs from one evaluation to the next; the last one is always evaluated. Default 1. */
  readonly evaluateEvery?: number;
  /** Of order, augmentation, mixing, dropout and stochastic depth. Default 0. */
  readonly seed?: number;
  /** Writes checkpoints, from which a training that was stopped or killed continues bit for bit. Default none. */
  readonly checkpoints?: CheckpointOptions;
  /** Ends the training after the step, or the batch of validation, that runs, with a last checkpoint. */
  readonly signal?: AbortSignal;
}

/** Options of `train` for an image classifier and images. */
export interface ImageTrainOptions<Name extends string = 'accuracy'> extends Omit<
  TrainOptions<tf.Tensor4D, tf.Tensor2D, ClassTargets, Name>,
  'loss' | 'validation'
> {
  /** Default `softmaxCrossEntropy`. */
  readonly loss?: Loss;
  /** Default `{ accuracy }`. */
  readonly metrics?: Readonly<Record<Name, Metric>>;
  /** Images of a step. Default 128. */
  readonly batchSize?: number;
  /** Done to every image. Default nothing. */
  readonly augment?: Augmentation;
  /** Done to every batch. Default nothing. */
  readonly mix?: Mix;
  /** Side of the images, in pixels. Default what the model is meant for. */
  readonly size?: number;
  /** Evaluated at the end of epochs. Default none. */
  readonly validation?: Dataset;
  /** What the model calls classes that the data, or those to validate with, have by another name. Default the same names. */
  readonly classes?: ClassMapping;
}

/** What a step and a checkpoint take of the options. */
export type StepOptions = Pick<
  ImageTrainOptions,
  'schedule' | 'optimizer' | 'movingAverage' | 'clipNorm' | 'microBatchSize' | 'recompute' | 'seed'
>;

/** What the loop takes of the options. */
export type LoopOptions = StepOptions &
  Pick<ImageTrainOptions, 'epochs' | 'evaluateEvery' | 'checkpoints' | 'signal'>;
