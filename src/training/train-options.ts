import type { NamedVariable } from '../core/module.js';
import type { Augmentation } from '../vision/augment/augmentation.js';
import type { Dataset } from './data/dataset.js';
import type { Mix } from './data/mix.js';
import type { Loss } from './losses.js';
import type { ClassMapping } from './match-classes.js';
import type { MovingAverageOptions } from './optim/moving-average.js';
import type { Optimizer } from './optim/optimizer.js';
import type { Schedule } from './optim/schedules.js';

/** Where and when `train` writes checkpoints; in Node only. */
export interface CheckpointOptions {
  /** Made where it is not there. */
  readonly folder: string;
  /** Steps from one to the next. There is one at the end of every epoch besides. Default none. */
  readonly everySteps?: number;
  /**
   * How many of the latest stay. The weights with the best top-1 of `validation` stay besides, as `best.safetensors`: of
   * the moving average where there is one, in a file such as `saveWeights` makes. Default 3.
   */
  readonly keep?: number;
  /**
   * Whether to continue from the latest one of the folder that is whole, if there is any; otherwise there may be none. Default
   * false.
   */
  readonly resume?: boolean;
}

/** Options of `train`. */
export interface TrainOptions {
  /** How often to go through the data. */
  readonly epochs: number;
  /** Images of a step. Default 128. */
  readonly batchSize?: number;
  /**
   * Images that go through the model at a time; the gradients of a step are averaged. A batch is parted as evenly as it can be,
   * and none of its images goes alone (of an odd batch in parts of 2, one part has 3), unless this is 1. Default all.
   */
  readonly microBatchSize?: number;
  /**
   * Whether blocks keep only their input for the way back and run again there (gradient checkpointing): less memory, more
   * time, the same weights bit for bit. Default false.
   */
  readonly recompute?: boolean;
  /** The learning rate of each step. */
  readonly schedule: Schedule;
  /** Makes the optimizer of the parameters. Default SGD with Nesterov's momentum 0.9 and weight decay 1e-4. */
  readonly optimizer?: (parameters: readonly NamedVariable[]) => Optimizer;
  /** Default `softmaxCrossEntropy`. */
  readonly loss?: Loss;
  /** Norm that the gradients are clipped to. Default none. */
  readonly clipNorm?: number;
  /** Keeps an average of the weights, which is evaluated, and which the model has at the end. Default none. */
  readonly movingAverage?: MovingAverageOptions;
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
  /** Epochs from one evaluation to the next; the last one is always evaluated. Default 1. */
  readonly evaluateEvery?: number;
  /** Of order, augmentation, mixing, dropout and stochastic depth. Default 0. */
  readonly seed?: number;
  /** Writes checkpoints, from which a training that was stopped or killed continues bit for bit. Default none. */
  readonly checkpoints?: CheckpointOptions;
  /** Ends the training after the step, or the batch of validation, that runs, with a last checkpoint. */
  readonly signal?: AbortSignal;
}
