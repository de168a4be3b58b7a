import { ready } from '#backends';
import { check } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import { WriteError } from '../core/write-error.js';
import { CheckpointFolder } from './checkpoints/checkpoint-folder.js';
import { tensorBatches } from './data/tensor-batches.js';
import { Divergence } from './divergence.js';
import { Means } from './measure.js';
import { NotFiniteError } from './metrics.js';
import type { Task } from './task.js';
import type {
  CheckpointEvent,
  CheckpointFailedEvent,
  EpochEvent,
  ResumeEvent,
  StepEvent,
  TrainEvent,
} from './train-events.js';
import type { LoopOptions } from './train-options.js';
import { Trainer, type Progress } from './trainer.js';

/** A training that goes on. */
interface Run<Input, Output, Target, Result> {
  readonly task: Task<Input, Output, Target, Result>;
  readonly options: LoopOptions;
  readonly trainer: Trainer<Input, Output, Target, Result>;
  readonly files: CheckpointFolder | undefined;
  readonly divergence: Divergence;
  readonly progress: Progress;
}

/** What `train` does: trains while no other training has the folder of the checkpoints. */
export async function* trainingLoop<Input, Output, Target, Result>(
  prepare: () => Task<Input, Output, Target, Result> | Promise<Task<Input, Output, Target, Result>>,
  options: LoopOptions,
): AsyncGenerator<TrainEvent<string, Result>, void, void> {
  const { checkpoints } = options;
  const task = await prepare();
  await ready();
  const files = checkpoints && (await CheckpointFolder.open(checkpoints.folder, checkpoints.keep ?? 3));
  try {
    const trainer = new Trainer(task, options);
    try {
      const { progress, event } = await begin(trainer, files, checkpoints?.resume ?? false);
      task.begin?.();
      if (event) yield event;
      yield* trainAll({ task, options, trainer, files, divergence: new Divergence(task.guess), progress });
    } finally {
      trainer.dispose();
    }
  } finally {
    await files?.close();
  }
}

/** Where to begin: at the latest checkpoint that is whole, if there is one and it is to be resumed. */
async function begin<Input, Output, Target, Result>(
  trainer: Trainer<Input, Output, Target, Result>,
  files: CheckpointFolder | undefined,
  resume: boolean,
): Promise<{ progress: Progress; event?: ResumeEvent }> {
  if (!(await files?.isUsed())) return { progress: start() };
  check(
    resume,
    () => `${files!.folder} has checkpoints of an earlier training; resume it, or give another folder.`,
  );
  const { newest, skipped } = await files!.newest();
  const progress = await trainer.restore(newest);
  const { epoch, step } = progress;
  return { progress, event: { type: 'resume', epoch, step, path: newest.path, skipped } };
}

/** The progress of a training that has not begun. */
function start(): Progress {
  return { epoch: 0, batch: 0, step: 0, examples: 0, loss: 0, metrics: {}, best: undefined };
}

async function* trainAll<Input, Output, Target, Result>(
  run: Run<Input, Output, Target, Result>,
): AsyncGenerator<TrainEvent<string, Result>, void, void> {
  const { task, progress, trainer, options } = run;
  const { epochs, evaluateEvery = 1, signal } = options;
  let failure: Error | undefined;
  while (progress.epoch < epochs) {
    yield* trainEpoch(run);
    const { epoch, step } = progress;
    const isLast = epoch === epochs - 1;
    let evaluation: Result | undefined;
    if (!signal?.aborted) {
      checkConverges(run, isLast);
      if (isLast || (epoch + 1) % evaluateEvery === 0) evaluation = await evaluated(run);
    }
    // As aborted in the evaluation, the epoch is not yet over.
    if (signal?.aborted && !evaluation) {
      failure = yield* save(run);
      if (failure) throw failure;
      return;
    }
    if (evaluation) yield { type: 'evaluation', epoch, step, evaluation };
    Object.assign(progress, start(), { epoch: epoch + 1, step, best: progress.best });
    const score = evaluation && task.score(evaluation);
    if (score !== undefined && score > (progress.best ?? -Infinity)) yield* saveBest(run, score);
    failure = yield* save(run);
  }
  trainer.average?.swap();
  if (failure) throw failure;
}

/** Trains on what is left of the epoch, until the signal is aborted. */
async function* trainEpoch<Input, Output, Target, Result>(
  run: Run<Input, Output, Target, Result>,
): AsyncGenerator<StepEvent<string> | EpochEvent<string> | CheckpointEvent | CheckpointFailedEvent> {
  const { task, trainer, progress, options } = run;
  const { signal, checkpoints } = options;
  const { epoch } = progress;
  const epochStart = performance.now();
  let asked = epochStart;
  const examplesBefore = progress.examples;
  const means = new Means(progress.metrics);
  if (signal?.aborted) return;
  for await (const batch of tensorBatches(task.data, epoch, progress.batch)) {
    if (signal?.aborted) return;
    const waited = performance.now() - asked;
    const { examples } = batch;
    const { loss, metrics, learningRate } = await trainer.step(batch, progress.step);
    progress.step++;
    progress.batch++;
    progress.examples += examples;
    progress.loss += loss * examples;
    means.add(examples, metrics);
    const times = { seconds: (performance.now() - asked) / 1000, waited: waited / 1000 };
    yield { type: 'step', step: progress.step, epoch, loss, metrics, learningRate, examples, ...times };
    run.divergence.add(loss);
    checkConverges(run, false);
    if (checkpoints?.everySteps && progress.step % checkpoints.everySteps === 0) yield* save(run);
    await nextTask();
    asked = performance.now();
  }
  if (signal?.aborted) return;
  const { step, examples } = progress;
  check(examples > 0, () => noBatches(epoch));
  const seconds = (performance.now() - epochStart) / 1000;
  yield {
    ...{ type: 'epoch', epoch, step, loss: progress.loss / examples, metrics: means.of(examples) },
    ...{ examples: examples - examplesBefore, seconds },
  };
}

function noBatches(epoch: number): string {
  const advice =
    epoch === 0
      ? 'give data that have.'
      : 'a generator gives its batches once: give a function that makes it anew for each epoch, or an array.';
  return `Epoch ${epoch} has no batches; ${advice}`;
}

/** What the validation data say; undefined where there are none, or the signal was aborted meanwhile. */
async function evaluated<Input, Output, Target, Result>(
  run: Run<Input, Output, Target, Result>,
): Promise<Result | undefined> {
  const { task, trainer, options } = run;
  if (!task.evaluate) return undefined;
  try {
    return await trainer.withAverage(task.evaluate);
  } catch (error) {
    if (options.signal?.aborted) return undefined;
    throw error instanceof NotFiniteError ? diverged(run, `the evaluation has ${error.what}`) : error;
  }
}

/** Throws where the loss has exploded. */
function checkConverges(
  run: Pick<Run<never, never, never, never>, 'divergence' | 'progress' | 'options'>,
  atEnd: boolean,
): void {
  const { divergence } = run;
  if (!divergence.isFound(atEnd)) return;
  throw diverged(
    run,
    `the loss is above ${divergence.limit!.toPrecision(3)}, 100 times that of the beginning, and does not come back`,
  );
}

function diverged(
  { progress, options }: { readonly progress: Progress; readonly options: LoopOptions },
  what: string,
): Error {
  const { step } = progress;
  const rate = Number(options.schedule(step - 1).toPrecision(3));
  return new Error(
    `The training has diverged: at step ${step} ${what}. The learning rate is ${rate}; give a lower one, warm up longer, ` +
      'or clip the gradients.',
  );
}

/**
 * Writes a checkpoint, where there is a folder for them.
 * @returns why it could not be written.
 */
async function* save<Input, Output, Target, Result>({
  trainer,
  progress,
  files,
}: Run<Input, Output, Target, Result>) {
  if (!files) return undefined;
  const { epoch, step } = progress;
  const path = files.pathOf(step);
  const bytes = await trainer.checkpoint(progress);
  const error = await failureOf(files.write(step, bytes));
  if (error) yield failed(progress, path, error);
  else yield { type: 'checkpoint', epoch, step, path } satisfies CheckpointEvent;
  return error;
}

/** Writes the weights, which are the best so far; before the checkpoint that says so, as a training may be killed in between. */
async function* saveBest<Input, Output, Target, Result>(
  { trainer, progress, files }: Run<Input, Output, Target, Result>,
  score: number,
) {
  const error = files && (await failureOf(files.writeBest(await trainer.weights())));
  if (error) yield failed(progress, files!.bestPath, error);
  else progress.best = score;
}

function failed({ epoch, step }: Progress, path: string, error: Error): CheckpointFailedEvent {
  return { type: 'checkpoint-failed', epoch, step, path, error };
}

/** Why a file could not be written. */
async function failureOf(writing: Promise<void>): Promise<WriteError | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    if (error instanceof WriteError) return error;
    throw error;
  }
}
