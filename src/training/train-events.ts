import type { SkippedCheckpoint } from './checkpoints/checkpoint-folder.js';
import type { Evaluation } from './metrics.js';

/** What `evaluate` measures on batches of tensors, and `train` on such validation data. */
export interface ModuleEvaluation<Name extends string = string> {
  /** Number of examples. */
  readonly examples: number;
  /** The mean over the examples; undefined where `evaluate` got no loss. */
  readonly loss: number | undefined;
  /** Means over the examples. */
  readonly metrics: Readonly<Record<Name, number>>;
}

/** One step of the optimizer. */
export interface StepEvent<Name extends string = 'accuracy'> {
  readonly type: 'step';
  /** Steps so far. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  /** The mean over the batch, before the step. */
  readonly loss: number;
  /** Means over the batch, before the step. */
  readonly metrics: Readonly<Record<Name, number>>;
  readonly learningRate: number;
  /** Examples of the batch. */
  readonly examples: number;
  /** Time that the step took, the wait for its batch included. */
  readonly seconds: number;
  /** Time that it waited for its batch. */
  readonly waited: number;
}

/** The end of an epoch. */
export interface EpochEvent<Name extends string = 'accuracy'> {
  readonly type: 'epoch';
  /** From 0. */
  readonly epoch: number;
  /** Steps so far. */
  readonly step: number;
  /** Means over the examples of the epoch. */
  readonly loss: number;
  readonly metrics: Readonly<Record<Name, number>>;
  /** Examples that this run trained on in the epoch: not all of them where it resumed within it. */
  readonly examples: number;
  /** Time that these took. */
  readonly seconds: number;
}

/** What the model, or the moving average where there is one, does on the validation data. */
export interface EvaluationEvent<Result = Evaluation> {
  readonly type: 'evaluation';
  readonly epoch: number;
  readonly step: number;
  readonly evaluation: Result;
}

/** A checkpoint was written. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly epoch: number;
  readonly step: number;
  readonly path: string;
}

/** A checkpoint, or `best.safetensors`, could not be written, such as for want of room; the training goes on. */
export interface CheckpointFailedEvent {
  readonly type: 'checkpoint-failed';
  readonly epoch: number;
  readonly step: number;
  /** Of the file that is not there. */
  readonly path: string;
  /** Its message names the file, why, what it takes and what is free. */
  readonly error: Error;
}

/** The training goes on from a checkpoint; the first event where it does. */
export interface ResumeEvent {
  readonly type: 'resume';
  /** The one that it goes on in, from 0; as many as there are to be where nothing is left to do. */
  readonly epoch: number;
  /** Steps so far. */
  readonly step: number;
  /** Of the checkpoint. */
  readonly path: string;
  /** Checkpoints of later steps, which are damaged. */
  readonly skipped: readonly SkippedCheckpoint[];
}

/**
 * The events of `train`.
 * @typeParam Name - The names of the metrics.
 * @typeParam Result - What an evaluation gives.
 */
export type TrainEvent<Name extends string = 'accuracy', Result = Evaluation> =
  | ResumeEvent
  | StepEvent<Name>
  | EpochEvent<Name>
  | EvaluationEvent<Result>
  | CheckpointEvent
  | CheckpointFailedEvent;
