import { ready } from '#backends';
import { check, checkModel, checkOptions } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import { WriteError } from '../core/write-error.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { RgbImage } from '../vision/image.js';
import { checkTraining, trainOptionNames } from './check-options.js';
import { CheckpointFolder } from './checkpoints/checkpoint-folder.js';
import { batchSource, type BatchSource } from './data/batches.js';
import type { Dataset } from './data/dataset.js';
import { Divergence } from './divergence.js';
import { fit, resized } from './inputs.js';
import { matchTraining, type ClassMapping, type MatchedTraining } from './match-classes.js';
import { NotFiniteError, type Evaluation } from './metrics.js';
import type {
  CheckpointEvent,
  CheckpointFailedEvent,
  EpochEvent,
  ResumeEvent,
  StepEvent,
  TrainEvent,
} from './train-events.js';
import type { TrainOptions } from './train-options.js';
import { Trainer, type Progress } from './trainer.js';
import { mayHaveWordNetIds, withWordNetIds } from './wordnet-ids.js';

export type * from './train-events.js';
export type * from './train-options.js';

/**
 * Trains a model: an iterator that takes a step whenever it is asked what came of the last one. The same seed, data and
 * options give the same weights on the same backend. The model's frozen parts stay as they are. Whoever stops iterating,
 * or aborts the signal, stops the training; the model then has the weights of its last step. So it has after an error: a step
 * is taken as a whole or not at all.
 *
 * Classes go by name: images are trained as the model's class of the same name, wherever that stands. A model without labels has
 * the data's from before its first step on.
 *
 * Arguments are checked when it is called, before anything is asked of the iterator; before the first step, what the optimizer is
 * made with, and the names of classes where they are WordNet ids and the model's are ImageNet's.
 *
 * A checkpoint that cannot be written ends nothing: the event `checkpoint-failed` tells of it, and the next one is tried as usual;
 * where the last one fails, an error ends the training when all else is done. One training at a time has a folder of checkpoints.
 * That another one has it, or that it cannot be written to, is an error before the first step.
 * @param data - A data set, whose last batch is left out where it has fewer images than the others and is not the only
 * one; or a source of batches of one's own, which `batchSize`, `augment`, `mix` and the order by seed do not touch, and whose
 * targets are the model's classes; it has no names, so that `labels` is yours to set.
 * @throws Error where the loss is not finite; it names the first layer whose output is not. Error where the loss stays
 * above 100 times that of the first step, or of guessing, for ten steps or at the end. ArgumentError where an option is
 * out of range, everything is frozen, the data's classes are fewer than two or not the model's, of which it names those that
 * differ, a class has no image, or the validation data have none. Error where another training has the folder of checkpoints, or
 * none of those to resume is whole.
 */
export function train(
  model: ImageClassifier,
  data: Dataset | BatchSource,
  options: TrainOptions,
): AsyncGenerator<TrainEvent, void, void> {
  checkModel('train', model);
  checkOptions('train', options, trainOptionNames);
  checkTraining(data, options);
  const { classes = {}, validation } = options;
  const own = typeof data === 'function' ? undefined : data;
  const known = { classes: model.classes, labels: model.labels ?? own?.classes };
  const match = (mapping: ClassMapping) => matchTraining(model, own, { classes: mapping, validation });
  if (mayHaveWordNetIds(known, classes, own, validation)) {
    const matched = async () => match(await withWordNetIds(known, classes, own, validation));
    return inFolder(model, data, options, matched);
  }
  const matched = match(classes);
  return inFolder(model, data, options, () => matched);
}

/** Trains while no other training has the folder of the checkpoints. */
async function* inFolder(
  model: ImageClassifier,
  batches: Dataset | BatchSource,
  options: TrainOptions,
  match: () => MatchedTraining<Dataset | undefined> | Promise<MatchedTraining<Dataset | undefined>>,
): AsyncGenerator<TrainEvent, void, void> {
  const { checkpoints } = options;
  const { data, ...matched } = await match();
  await ready();
  const files = checkpoints && (await CheckpointFolder.open(checkpoints.folder, checkpoints.keep ?? 3));
  try {
    const trainer = new Trainer(model, options);
    const source = typeof batches === 'function' ? batches : sourceOf(model, data!, options);
    try {
      yield* trainAll(trainer, source, files, matched);
    } finally {
      trainer.dispose();
    }
  } finally {
    await files?.close();
  }
}

async function* trainAll(
  trainer: Trainer,
  source: BatchSource,
  files: CheckpointFolder | undefined,
  { validation, labels }: Omit<MatchedTraining<undefined>, 'data'>,
): AsyncGenerator<TrainEvent, void, void> {
  const { model, options } = trainer;
  const { epochs, evaluateEvery = 1, signal } = options;
  const { progress, event } = await begin(trainer, files, labels);
  model.labels = labels;
  if (event) yield event;
  const divergence = new Divergence(model.classes ?? 1);
  const run: Run = { trainer, progress, source, files, divergence, options };
  let failure: Error | undefined;
  while (progress.epoch < epochs) {
    yield* trainEpoch(run);
    const { epoch, step } = progress;
    let evaluation: Evaluation | undefined;
    if (!signal?.aborted) {
      checkConverges(run, epoch === epochs - 1);
      const isEvaluated = epoch === epochs - 1 || (epoch + 1) % evaluateEvery === 0;
      evaluation = validation && isEvaluated ? await evaluated(run, validation) : undefined;
    }
    // As aborted in the evaluation, the epoch is not yet over.
    if (signal?.aborted && !evaluation) {
      failure = yield* save(run);
      if (failure) throw failure;
      return;
    }
    if (evaluation) yield { type: 'evaluation', epoch, step, evaluation };
    Object.assign(progress, start(), { epoch: epoch + 1, step, best: progress.best });
    if (evaluation && evaluation.top1 > (progress.best ?? -1)) yield* saveBest(run, evaluation.top1);
    failure = yield* save(run);
  }
  trainer.average?.swap();
  if (failure) throw failure;
}

/** A training that goes on. */
interface Run {
  readonly trainer: Trainer;
  readonly progress: Progress;
  readonly source: BatchSource;
  readonly files: CheckpointFolder | undefined;
  readonly divergence: Divergence;
  readonly options: TrainOptions;
}

/** Where to begin: at the latest checkpoint that is whole, if there is one and it is to be resumed. */
async function begin(
  trainer: Trainer,
  files: CheckpointFolder | undefined,
  labels: readonly string[] | undefined,
): Promise<{ progress: Progress; event?: ResumeEvent }> {
  if (!(await files?.isUsed())) return { progress: start() };
  check(
    trainer.options.checkpoints?.resume ?? false,
    () => `${files!.folder} has checkpoints of an earlier training; resume it, or give another folder.`,
  );
  const { newest, skipped } = await files!.newest();
  const progress = await trainer.restore(newest, labels);
  const { epoch, step } = progress;
  return { progress, event: { type: 'resume', epoch, step, path: newest.path, skipped } };
}

/** What the validation data say; undefined where the signal was aborted meanwhile. */
async function evaluated(run: Run, validation: Dataset): Promise<Evaluation | undefined> {
  try {
    return await run.trainer.evaluate(validation);
  } catch (error) {
    if (run.options.signal?.aborted) return undefined;
    throw error instanceof NotFiniteError ? diverged(run, 'the logits are not finite') : error;
  }
}

/** Throws where the loss has exploded. */
function checkConverges(run: Run, atEnd: boolean): void {
  const { divergence } = run;
  if (!divergence.isFound(atEnd)) return;
  throw diverged(
    run,
    `the loss is above ${divergence.limit!.toPrecision(3)}, 100 times that of the beginning, and does not come back`,
  );
}

function diverged({ progress, options }: Run, what: string): Error {
  const { step } = progress;
  const rate = Number(options.schedule(step - 1).toPrecision(3));
  return new Error(
    `The training has diverged: at step ${step} ${what}. The learning rate is ${rate}; give a lower one, warm up longer, ` +
      'or clip the gradients.',
  );
}

/** Trains on what is left of the epoch, until the signal is aborted. */
async function* trainEpoch(
  run: Run,
): AsyncGenerator<StepEvent | EpochEvent | CheckpointEvent | CheckpointFailedEvent> {
  const { trainer, progress, source, options } = run;
  const { signal, checkpoints } = options;
  const { epoch } = progress;
  const epochStart = performance.now();
  let asked = epochStart;
  const imagesBefore = progress.images;
  if (signal?.aborted) return;
  for await (const batch of source(epoch, progress.batch)) {
    if (signal?.aborted) return;
    const waited = performance.now() - asked;
    const { loss, right, learningRate } = await trainer.step(batch, progress.step);
    const images = batch.images.length;
    progress.step++;
    progress.batch++;
    progress.loss += loss * images;
    progress.right += right;
    progress.images += images;
    const times = { seconds: (performance.now() - asked) / 1000, waited: waited / 1000 };
    const accuracy = right / images;
    yield { type: 'step', step: progress.step, epoch, loss, accuracy, learningRate, images, ...times };
    run.divergence.add(loss);
    checkConverges(run, false);
    if (checkpoints?.everySteps && progress.step % checkpoints.everySteps === 0) yield* save(run);
    await nextTask();
    asked = performance.now();
  }
  if (signal?.aborted) return;
  const { step, images } = progress;
  check(images > 0, () => `Epoch ${epoch} has no batches; give a source that has.`);
  const means = { loss: progress.loss / images, accuracy: progress.right / images };
  const seconds = (performance.now() - epochStart) / 1000;
  yield { type: 'epoch', epoch, step, ...means, images: images - imagesBefore, seconds };
}

/**
 * Writes a checkpoint, where there is a folder for them.
 * @returns why it could not be written.
 */
async function* save({ trainer, progress, files }: Run) {
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
async function* saveBest({ trainer, progress, files }: Run, top1: number) {
  const error = files && (await failureOf(files.writeBest(await trainer.weights())));
  if (error) yield failed(progress, files!.bestPath, error);
  else progress.best = top1;
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

/** The progress of a training that has not begun. */
function start(): Progress {
  return { epoch: 0, batch: 0, step: 0, loss: 0, right: 0, images: 0, best: undefined };
}

/** The batches of a data set, every image brought to the network's size before it may be mixed with others. */
function sourceOf(model: ImageClassifier, data: Dataset, options: TrainOptions): BatchSource {
  const { batchSize = 128, seed = 0, size = model.preprocessing.size, augment, mix } = options;
  const preprocessing = resized(model.preprocessing, size);
  const transform = (image: RgbImage) => fit(image, preprocessing);
  return batchSource(data, { batchSize, seed, augment, transform, mix });
}
