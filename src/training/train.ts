import * as tf from '@tensorflow/tfjs-core';
import { check, checkInteger } from '../core/errors.js';
import type { NamedVariable } from '../core/module.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { Preprocessing } from '../models/preprocessing.js';
import type { Augmentation } from '../vision/augment/augmentation.js';
import { batches, type Batch } from './data/batches.js';
import type { Dataset } from './data/dataset.js';
import type { Mix } from './data/mix.js';
import { checkClasses, evaluate } from './evaluate.js';
import { clipByGlobalNorm } from './gradients.js';
import { resized } from './inputs.js';
import { softmaxCrossEntropy, type Loss } from './losses.js';
import type { Evaluation } from './metrics.js';
import { MovingAverage, type MovingAverageOptions } from './moving-average.js';
import { nextTask } from './next-task.js';
import type { Optimizer } from './optimizer.js';
import type { Schedule } from './schedules.js';
import { SGD } from './sgd.js';
import { batchGradients } from './step.js';

/** One step of the optimizer. */
export interface StepEvent {
  readonly type: 'step';
  /** Steps so far. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  /** The mean over the batch, before the step. */
  readonly loss: number;
  /** The share of the batch that was classified right; with mixed images, as the larger part. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Images of the batch. */
  readonly images: number;
  /** Time that the step took, the wait for its batch included. */
  readonly seconds: number;
  /** Time that it waited for its batch. */
  readonly waited: number;
}

/** The end of an epoch. */
export interface EpochEvent {
  readonly type: 'epoch';
  /** From 0. */
  readonly epoch: number;
  /** Steps so far. */
  readonly step: number;
  /** Means over the images of the epoch, or of what of it this run trained on. */
  readonly loss: number;
  readonly accuracy: number;
  readonly seconds: number;
}

/** What the model, or the moving average where there is one, does on the validation data. */
export interface EvaluationEvent {
  readonly type: 'evaluation';
  readonly epoch: number;
  readonly step: number;
  readonly evaluation: Evaluation;
}

/** What {@link train} tells. */
export type TrainEvent = StepEvent | EpochEvent | EvaluationEvent;

/** Options of {@link train}. */
export interface TrainOptions {
  /** How often to go through the data. */
  readonly epochs: number;
  /** Images of a step. Default 128. */
  readonly batchSize?: number;
  /** Images that go through the model at a time; the gradients of a step are averaged. Default all. */
  readonly microBatchSize?: number;
  /** The learning rate of each step. */
  readonly schedule: Schedule;
  /** Makes the optimizer of the parameters. Default SGD with Nesterov's momentum 0.9 and weight decay 1e-4. */
  readonly optimizer?: (parameters: readonly NamedVariable[]) => Optimizer;
  /** Default {@link softmaxCrossEntropy}. */
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
  /** Epochs from one evaluation to the next; the last one is always evaluated. Default 1. */
  readonly evaluateEvery?: number;
  /** Of order, augmentation, mixing, dropout and stochastic depth. Default 0. */
  readonly seed?: number;
  /** Ends the training after the step that runs. */
  readonly signal?: AbortSignal;
}

/** Gives the batches of an epoch, from its batch `first` on; the same ones whenever it is asked for them. */
export type BatchSource = (epoch: number, first: number) => AsyncIterable<Batch>;

/**
 * Trains a model: an iterator that takes a step whenever it is asked what came of the last one. The same seed, data and
 * options give the same weights on the same backend. The model's frozen parts stay as they are. Whoever stops iterating,
 * or aborts the signal, stops the training; the model then has the weights of its last step.
 * @param data - A data set, whose last batch is left out where it has fewer images than the others and is not the only
 * one; or a source of batches of one's own, which `batchSize`, `augment`, `mix` and the order by seed do not touch.
 * @throws Error where the loss is not finite; it names the first layer whose output is not. ArgumentError where an
 * option is out of range, everything is frozen, or the data's classes are not the model's.
 */
export async function* train(
  model: ImageClassifier,
  data: Dataset | BatchSource,
  options: TrainOptions,
): AsyncGenerator<TrainEvent, void, void> {
  const { epochs, validation, evaluateEvery = 1, signal } = options;
  checkInteger('epochs', epochs, 1);
  checkInteger('evaluateEvery', evaluateEvery, 1);
  if (typeof data !== 'function') checkClasses(model, data.classes.length);
  if (validation) checkClasses(model, validation.classes.length);
  const source = typeof data === 'function' ? data : batchSource(data, options);
  const trainer = new Trainer(model, options);
  try {
    for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
      const epochStart = performance.now();
      const sums = { loss: 0, right: 0, images: 0 };
      let asked = performance.now();
      for await (const batch of source(epoch, 0)) {
        if (signal?.aborted) return;
        const waited = performance.now() - asked;
        const { loss, right, learningRate } = await trainer.step(batch, step++);
        const images = batch.images.length;
        sums.loss += loss * images;
        sums.right += right;
        sums.images += images;
        const accuracy = right / images;
        const seconds = (performance.now() - asked) / 1000;
        yield {
          ...{ type: 'step', step, epoch, loss, accuracy, learningRate, images, seconds },
          waited: waited / 1000,
        };
        await nextTask();
        asked = performance.now();
      }
      if (signal?.aborted) return;
      const { images } = sums;
      check(images > 0, () => `Epoch ${epoch} has no batches; give a source that has.`);
      const means = { loss: sums.loss / images, accuracy: sums.right / images };
      yield { type: 'epoch', epoch, step, ...means, seconds: (performance.now() - epochStart) / 1000 };
      const isLast = epoch === epochs - 1;
      if (validation && (isLast || (epoch + 1) % evaluateEvery === 0)) {
        yield { type: 'evaluation', epoch, step, evaluation: await trainer.evaluate(validation) };
      }
    }
    trainer.average?.swap();
  } finally {
    trainer.dispose();
  }
}

function batchSource(data: Dataset, { batchSize = 128, seed = 0, augment, mix }: TrainOptions): BatchSource {
  checkInteger('batchSize', batchSize, 1);
  const dropLast = data.labels.length >= batchSize;
  return (epoch, first) => batches(data, { batchSize, seed, epoch, first, dropLast, augment, mix });
}

/** A model with what moves its weights. */
class Trainer {
  readonly average: MovingAverage | undefined;
  readonly #optimizer: Optimizer;
  readonly #preprocessing: Preprocessing;

  constructor(
    readonly model: ImageClassifier,
    readonly options: TrainOptions,
  ) {
    const { size = model.preprocessing.size, microBatchSize, movingAverage } = options;
    const { optimizer = (parameters) => new SGD(parameters, defaultSGD) } = options;
    checkInteger('size', size, 1);
    checkInteger('microBatchSize', microBatchSize ?? 1, 1);
    this.#preprocessing = resized(model.preprocessing, size);
    const parameters = [...model.namedVariables()].filter(
      ({ name, variable }) => variable.trainable && !model.isFrozen(name),
    );
    check(parameters.length > 0, () => 'Every part of the model is frozen; leave one to be trained.');
    this.#optimizer = optimizer(parameters);
    this.average = movingAverage && new MovingAverage(model.namedVariables(), movingAverage);
  }

  /** Takes a step, the first one being step 0. */
  async step(batch: Batch, step: number): Promise<{ loss: number; right: number; learningRate: number }> {
    const { loss = softmaxCrossEntropy, seed = 0, schedule, clipNorm } = this.options;
    const { microBatchSize = batch.images.length } = this.options;
    const variables = this.#optimizer.parameters.map(({ variable }) => variable);
    const common = { loss, preprocessing: this.#preprocessing, microBatchSize, seed, step };
    const result = await batchGradients(this.model, variables, batch, common);
    const learningRate = schedule(step);
    try {
      tf.tidy(() => {
        const { gradients } = clipNorm ? clipByGlobalNorm(result.gradients, clipNorm) : result;
        this.#optimizer.step(gradients, learningRate);
      });
    } finally {
      tf.dispose(result.gradients);
    }
    this.average?.update();
    return { loss: result.loss, right: result.right, learningRate };
  }

  /** Evaluates the moving average where there is one, otherwise the model. */
  evaluate(validation: Dataset): Promise<Evaluation> {
    const { size } = this.options;
    const run = () => evaluate(this.model, validation, { size });
    return this.average ? this.average.during(run) : run();
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.average?.dispose();
  }
}

const defaultSGD = { momentum: 0.9, nesterov: true, weightDecay: 1e-4 };
