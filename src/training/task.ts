import type { Module } from '../core/module.js';
import type { TensorData } from './data/tensor-batches.js';
import { evaluateModule } from './evaluate.js';
import type { Loss } from './losses.js';
import type { Metrics } from './measure.js';
import { plainObjective, type Objective } from './objective.js';
import type { ModuleEvaluation } from './train-events.js';
import type { TrainOptions } from './train-options.js';

/** What is trained, and on what: the one form of every training, of images with classes or of any tensors. */
export interface Task<Input, Output, Target, Result> {
  readonly model: Module<Input, Output>;
  readonly data: TensorData<Input, Target>;
  readonly loss: Loss<Output, Target>;
  readonly objective: Objective<Input, Output, Target>;
  readonly metrics: Metrics<Output, Target>;
  /** Evaluates the model on the validation data, where there are any. */
  readonly evaluate: (() => Promise<Result>) | undefined;
  /** How good an evaluation is: more is better. */
  readonly score: (evaluation: Result) => number;
  /** The loss of guessing. */
  readonly guess: number;
  readonly identity: Identity;
  /** Called before the first step, when the checkpoint to go on from was read. */
  readonly begin?: () => void;
}

/** What a checkpoint says of the model and the data; a training goes on with the same ones only. */
export interface Identity {
  /** The model's name. */
  readonly model: string;
  readonly batchSize?: number;
  /** Names of the classes, where they are known. */
  readonly labels?: readonly string[] | undefined;
  /** What else is good to know. */
  readonly [name: string]: unknown;
}

/** The training of any network on batches of tensors. */
export function moduleTask<Input, Output, Target, Name extends string>(
  model: Module<Input, Output>,
  data: TensorData<Input, Target>,
  options: TrainOptions<Input, Output, Target, Name>,
): Task<Input, Output, Target, ModuleEvaluation> {
  const { loss, metrics = {}, validation, signal, objective = plainObjective() } = options;
  return {
    ...{ model, data, loss, metrics, objective },
    evaluate: validation && (() => evaluateModule(model, validation, { loss, metrics, signal })),
    score: ({ loss }) => -loss!,
    guess: 1,
    identity: { model: model.constructor.name },
  };
}
