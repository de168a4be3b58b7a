import * as tf from '@tensorflow/tfjs-core';
import { check, checkAtLeastZero } from '../core/errors.js';
import { listed } from '../core/listed.js';
import type { NamedVariable } from '../core/module.js';
import { restoringOnError } from '../core/restoring.js';
import { isRecord } from '../weights/formats/json-values.js';
import { encodeSafetensors, type TensorToWrite } from '../weights/formats/safetensors.js';
import { encode } from '../weights/encode.js';
import type { ReadCheckpoint } from './checkpoints/checkpoint-folder.js';
import type { CountedBatch } from './data/tensor-batches.js';
import { clipByGlobalNorm } from './optim/gradients.js';
import { MovingAverage } from './optim/moving-average.js';
import { type Optimizer } from './optim/optimizer.js';
import { SGD } from './optim/sgd.js';
import { batchGradients } from './step.js';
import type { Identity, Task } from './task.js';
import type { StepOptions } from './train-options.js';

const defaultSGD = { momentum: 0.9, nesterov: true, weightDecay: 1e-4 };

/** How far a training has come. */
export interface Progress {
  /** The epoch that runs, from 0. */
  epoch: number;
  /** Its batches that are done. */
  batch: number;
  /** Steps that are done. */
  step: number;
  /** Examples of the epoch that are done. */
  examples: number;
  /** Sums over these. */
  loss: number;
  metrics: Record<string, number>;
  /** The best score so far, where there was an evaluation. */
  best: number | undefined;
}

/** What a checkpoint says in addition to its tensors. */
interface Description extends Identity {
  readonly optimizer: string;
  readonly seed: number;
  readonly iterations: number;
  readonly averaged: number | undefined;
  readonly progress: Progress;
}

/** What came of a step. */
export interface StepResult {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
}

/** A model with what moves its weights. */
export class Trainer<Input, Output, Target, Result> {
  readonly average: MovingAverage | undefined;
  readonly #optimizer: Optimizer;
  /** Of the optimizer's parameters in the model. */
  readonly #paths: ReadonlyMap<tf.Variable, string>;

  constructor(
    readonly task: Task<Input, Output, Target, Result>,
    readonly options: StepOptions,
  ) {
    const { movingAverage } = options;
    const { optimizer = (parameters) => new SGD(parameters, defaultSGD) } = options;
    const variables = [...task.model.namedVariables()];
    const parameters = variables.filter(({ trainable }) => trainable);
    check(
      variables.length > 0,
      () => `${task.identity.model} has no variables, so there is nothing to train.`,
    );
    check(parameters.length > 0, () => 'Every part of the model is frozen; leave one to be trained.');
    this.#optimizer = optimizer(parameters);
    try {
      this.#paths = new Map(
        this.#optimizer.parameters.map(({ name, variable }) => [
          variable,
          pathOf(variable, name, parameters),
        ]),
      );
      this.average = movingAverage && new MovingAverage(variables, movingAverage);
    } catch (error) {
      this.#optimizer.dispose();
      throw error;
    }
  }

  /** Takes a step, the first one being step 0, as a whole: where that fails, the model is as it was before. */
  async step(batch: CountedBatch<Input, Target>, step: number): Promise<StepResult> {
    // The optimizer sees to the parameters.
    const statistics = this.task.model.variables().filter(({ trainable }) => !trainable);
    const taken = await restoringOnError(statistics, () => this.#step(batch, step));
    this.average?.update();
    return taken;
  }

  async #step(batch: CountedBatch<Input, Target>, step: number): Promise<StepResult> {
    const { model, loss, metrics, objective } = this.task;
    const { seed = 0, schedule, clipNorm, microBatchSize = batch.examples, recompute = false } = this.options;
    const learningRate = schedule(step);
    checkAtLeastZero(`The learning rate of step ${step}`, learningRate);
    const common = { objective, loss, metrics, microBatchSize, recompute, seed, step };
    const paths = this.#optimizer.parameters.map(({ variable }) => this.#paths.get(variable)!);
    const result = await batchGradients(model, paths, batch, common);
    try {
      tf.tidy(() => {
        const { gradients } = clipNorm ? clipByGlobalNorm(result.gradients, clipNorm) : result;
        this.#optimizer.step(gradients, learningRate);
      });
    } finally {
      tf.dispose(result.gradients);
    }
    return { loss: result.loss, metrics: result.metrics, learningRate };
  }

  /** Runs `work` while the model has the moving average, where there is one. */
  withAverage<T>(work: () => Promise<T>): Promise<T> {
    return this.average ? this.average.during(work) : work();
  }

  /** The weights that are evaluated, as the bytes of a file. */
  weights(): Promise<Uint8Array> {
    return this.withAverage(() => encode(this.task.model));
  }

  /** Everything that the training hangs on, as the bytes of a safetensors file whose metadata has a JSON of the rest. */
  async checkpoint(progress: Progress): Promise<Uint8Array> {
    const tensors = new Map<string, TensorToWrite>();
    for (const [key, variable] of this.#state()) {
      tensors.set(key, { shape: variable.shape, values: await variable.data<'float32'>() });
    }
    const training = JSON.stringify(this.#describe(progress));
    return encodeSafetensors(tensors, { metadata: { training } });
  }

  /**
   * Takes everything from what {@link checkpoint} gave.
   * @returns how far that training had come.
   * @throws Error where it is not of this model, optimizer, seed and batch size; the model is then as it was before.
   */
  restore(checkpoint: ReadCheckpoint): Promise<Progress> {
    return restoringOnError(this.task.model.variables(), async () => this.#restore(checkpoint));
  }

  #restore({ path: name, tensors, training }: ReadCheckpoint): Progress {
    check(isRecord(training), () => `${name} is no checkpoint of a training; give one that train() wrote.`);
    const saved = training as unknown as Description;
    const here = this.#describe(saved.progress);
    for (const key of ['model', 'optimizer', 'seed', 'batchSize'] as const) {
      check(
        saved[key] === here[key],
        () => `${name} has the ${key} ${saved[key]}, and this training ${here[key]}; continue with the same.`,
      );
    }
    const { labels } = here;
    check(
      saved.labels === undefined || JSON.stringify(saved.labels) === JSON.stringify(labels),
      () =>
        `${name} has the classes ${listed(saved.labels!)}, and this training ` +
        `${labels ? listed(labels) : 'has classes without names'}; continue with the same data, or train into another folder.`,
    );
    const state = this.#state();
    const shapes = (map: Iterable<[string, { shape: readonly number[] }]>) =>
      JSON.stringify(Array.from(map, ([key, { shape }]) => [key, shape]));
    check(
      shapes(tensors) === shapes(state),
      () => `${name} has other tensors than this training; continue with the same model and options.`,
    );
    for (const [key, variable] of state) {
      // A copy, since a tensor of the cpu backend keeps the array that it is made of.
      const values = tensors.get(key)!.toFloat32().slice();
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    }
    this.#optimizer.iterations = saved.iterations;
    if (this.average) this.average.iterations = saved.averaged!;
    return saved.progress;
  }

  #describe(progress: Progress): Description {
    return {
      ...this.task.identity,
      optimizer: this.#optimizer.constructor.name,
      seed: this.options.seed ?? 0,
      iterations: this.#optimizer.iterations,
      averaged: this.average?.iterations,
      progress,
    };
  }

  /** Every variable, those of the model, of the optimizer and of the average. */
  #state(): Map<string, tf.Variable> {
    const named = (prefix: string, list: Iterable<[string, tf.Variable]>) =>
      Array.from(list, ([name, variable]) => [`${prefix}/${name}`, variable] as const);
    const model = Array.from(
      this.task.model.namedVariables(),
      ({ name, variable }): [string, tf.Variable] => [name, variable],
    );
    return new Map([
      ...named('model', model),
      ...named('optimizer', this.#optimizer.namedState()),
      ...named('average', this.average?.namedState() ?? []),
    ]);
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.average?.dispose();
  }
}

function pathOf(variable: tf.Variable, name: string, parameters: readonly NamedVariable[]): string {
  const found = parameters.find((parameter) => parameter.variable === variable);
  check(
    found !== undefined,
    () =>
      `The optimizer has the parameter ${name}, which is not among those that it was given; make it of these.`,
  );
  return found.name;
}
