import { join } from 'node:path';
import {
  train,
  type BatchSource,
  type CheckpointFailedEvent,
  type Dataset,
  type EpochEvent,
  type Evaluation,
  type ImageClassifier,
  type ResumeEvent,
  type ImageTrainOptions,
} from '../index.js';
import { TensorBoardEvents } from './tensorboard-events.js';
import { TrainingLog } from './training-log.js';
import { WriteError } from '../core/write-error.js';
import { TrainingProgress } from './training-progress.js';

/** What {@link followTraining} does besides training. */
export interface FollowOptions {
  /** Where the log and TensorBoard's events go. */
  readonly out: string;
  readonly batchSize: number;
  readonly resume?: boolean;
  readonly tensorboard?: boolean;
  /** Of batches of the data; without it they are made here. */
  readonly source?: BatchSource;
}

/** How far a training came. */
export interface Followed {
  /** The last one. */
  readonly evaluation: Evaluation | undefined;
  /** Whether Ctrl-C ended it. */
  readonly isStopped: boolean;
}

/** The exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Trains, tells the terminal and the logs of it, and stops after a step with a checkpoint at Ctrl-C, with the exit code 130; at
 * the second Ctrl-C at once.
 */
export async function followTraining(
  model: ImageClassifier,
  data: Dataset,
  options: ImageTrainOptions,
  { out, batchSize, resume, tensorboard, source }: FollowOptions,
): Promise<Followed> {
  const { epochs } = options;
  const progress = new TrainingProgress(epochs, data.labels.length, batchSize);
  const log = new TrainingLog(join(out, 'log.csv'));
  if (resume) await log.read();
  const events = tensorboard ? await TensorBoardEvents.open(out, data, options) : undefined;
  const controller = new AbortController();
  const stop = () => {
    progress.end();
    console.error('Stopping after this step, with a checkpoint. Ctrl-C again ends at once.');
    controller.abort();
  };
  // At the second one, nobody stands between the signal and the process, even in the middle of a step.
  process.once('SIGINT', stop);
  let epoch: EpochEvent | undefined;
  let evaluation: Evaluation | undefined;
  let place = { epoch: 0, step: 0 };
  let learningRate = 0;
  let isFirst = true;
  try {
    for await (const event of train(model, source ?? data, { ...options, signal: controller.signal })) {
      if (resume && isFirst) {
        if (event.type === 'resume') tellSkipped(event);
        console.log(resumeLine(event.type === 'resume' ? event : undefined, epochs, out));
      }
      isFirst = false;
      place = event;
      await warnIfUnwritten(events?.add(event));
      if (event.type === 'step') {
        progress.step(event);
        learningRate = event.learningRate;
      } else if (event.type === 'epoch') {
        progress.pause();
        epoch = event;
      } else if (event.type === 'evaluation') {
        evaluation = event.evaluation;
      } else if (event.type === 'checkpoint-failed') {
        progress.pause();
        warnOfCheckpoint(event, epochs, controller.signal.aborted);
      }
      // Its checkpoint is there, or cannot be.
      if (event.type.startsWith('checkpoint') && epoch) {
        progress.epoch(epoch, evaluation);
        await warnIfUnwritten(log.add(epoch, learningRate, evaluation));
        epoch = undefined;
      }
    }
  } finally {
    process.off('SIGINT', stop);
    progress.end();
  }
  const isStopped = controller.signal.aborted;
  if (isStopped) tellStopped(placeOf(place, epochs));
  return { evaluation, isStopped };
}

/** Says where Ctrl-C stopped a training, and sets the exit code. */
function tellStopped(place: string): void {
  console.error(`Stopped ${place}. The same command with --resume goes on from there.`);
  process.exitCode = INTERRUPTED;
}

/** Says that a checkpoint could not be written. */
function warnOfCheckpoint(event: CheckpointFailedEvent, epochs: number, isStopped: boolean): void {
  // After the last epoch, or Ctrl-C, no other comes.
  const isLast = event.epoch >= epochs || isStopped;
  const next = isLast ? '' : ' The training goes on, and tries again at its next checkpoint.';
  console.error(`${event.error.message}${next}`);
}

/** Says which checkpoints are damaged. */
function tellSkipped({ skipped, path }: ResumeEvent): void {
  for (const { path, reason } of skipped) console.error(`${path} is not whole and is left out: ${reason}`);
  if (skipped.length > 0) console.error(`The newest that is whole is ${path}.`);
}

/** Says of a log that cannot be written, which is no reason to end a training. */
async function warnIfUnwritten(writing: Promise<void> | undefined): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    console.error(error.message);
  }
}

/** Where a training goes on, or that there is nothing to go on with. */
function resumeLine(event: ResumeEvent | undefined, epochs: number, out: string): string {
  if (!event) return `${out} has no checkpoint to resume; the training starts from the beginning.`;
  return event.epoch >= epochs
    ? `The training has had its ${event.epoch} epochs already; a larger --epochs goes on.`
    : `Continues ${placeOf(event, epochs)}.`;
}

function placeOf({ epoch, step }: { epoch: number; step: number }, epochs: number): string {
  return `at epoch ${Math.min(epoch + 1, epochs)} of ${epochs}, step ${step}`;
}
