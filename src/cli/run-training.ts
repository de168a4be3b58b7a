import { rmdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { BatchWorkers, certainty, evaluate, save, type Evaluation } from '../index.js';
import { check } from '../core/errors.js';
import { WriteError } from '../core/write-error.js';
import { CheckpointFolder, hasCheckpoints } from '../training/checkpoints/checkpoint-folder.js';
import { dataArgument } from './arguments.js';
import { chanceWarning, formatCertainty } from './fine-tune-report.js';
import { followTraining } from './follow-training.js';
import { formatEvaluation } from './format-evaluation.js';
import { MEMORY } from './open-dataset.js';
import {
  prepareTraining,
  type PlacedOptions,
  type Prepared,
  type TrainCommandOptions,
} from './prepare-training.js';
import { shareOf } from './training-data.js';
import { attackingObjectives } from './training-names.js';
import type { WorkerParameters } from './training-worker.js';

/** What `skipscale train` does: trains, saves the weights, and says how good they are and what to do next. */
export async function runTraining(positional: string | undefined, given: TrainCommandOptions): Promise<void> {
  const options = { ...given, ...placesOf(positional, given) };
  const place = await stat(options.out).catch(() => undefined);
  if (place?.isFile()) {
    throw new Error(`${options.out} is a file, and a training writes a folder; give another name by --out.`);
  }
  await checkAtOnce(options);
  // It is made again when there is something to write.
  if (!place) await rmdir(options.out).catch(() => {});
  const prepared = await prepareTraining(options);
  const { model, training, validation } = prepared;
  const threads = startWorkers(prepared, options);
  try {
    const file = join(options.out, 'model.safetensors');
    const write = () => save(model, file);
    const { evaluation, isStopped } = await followTraining(model, training, prepared.options, {
      ...{ out: options.out, resume: options.resume, tensorboard: options.tensorboard },
      batchSize: prepared.complete.batchSize,
      source: threads?.source,
    }).catch(async (error: unknown) => {
      throw error instanceof WriteError ? await savedAnyway(error, file, write) : error;
    });
    if (isStopped) return;
    await write().catch((error: unknown) => {
      throw error instanceof WriteError ? unsaved(error) : error;
    });
    report(evaluation ?? (await evaluate(model, validation)), training.classes, file);
  } finally {
    await threads?.close();
    model.dispose();
  }
}

/** Throws at once what would otherwise be found when the data are read, or after: a share that is none, a folder that is in use or has been used. */
async function checkAtOnce({ validation, out, resume, objective, radius }: PlacedOptions): Promise<void> {
  const isAttacking = objective !== undefined && attackingObjectives.includes(objective);
  check(isAttacking === (radius !== undefined), () =>
    isAttacking
      ? `--objective ${objective} needs the radius of its attack; give it too, such as --radius 8/255.`
      : `--radius is for --objective ${attackingObjectives.join(' and ')}; leave it out, or give one of these.`,
  );
  const share = validation === undefined ? undefined : shareOf(validation);
  check(
    share === undefined || (share > 0 && share < 1),
    () => `--validation is ${share}; give a share between 0 and 1, such as 0.1, or the path of other data.`,
  );
  // That another training has the folder comes before what that one has left there.
  await (await CheckpointFolder.open(out, 1)).close();
  if (!resume && (await hasCheckpoints(out))) {
    throw new Error(
      `${out} has checkpoints of an earlier training; go on with it by --resume, or give another folder by --out.`,
    );
  }
}

/** Saves the weights of a training whose last checkpoint could not be written, which are smaller; gives what to throw. */
async function savedAnyway(error: WriteError, file: string, save: () => Promise<void>): Promise<Error> {
  const outcome = await save().then(
    () => `What was learnt is in ${file}, but the training cannot be resumed from there.`,
    ({ message }: Error) =>
      `Nor could the weights be saved: ${message} What was learnt since the last checkpoint that was written is lost. ` +
      'Go on from there by --resume when there is room, or train to another folder by --out.',
  );
  return new Error(`The last checkpoint of the training is missing. ${error.message}\n${outcome}`, {
    cause: error,
  });
}

/** What to throw where the weights cannot be saved though all checkpoints could. */
function unsaved(error: WriteError): Error {
  return new Error(
    `${error.message} The weights are in the last checkpoint and nowhere else. When there is room, the same command with --resume ` +
      'saves them at once; or train to another folder by --out.',
    { cause: error },
  );
}

/** The data, and the folder that the training goes to. */
function placesOf(
  positional: string | undefined,
  { data, out }: TrainCommandOptions,
): { data: string; out: string } {
  const path = dataArgument(positional, data, 'train');
  const name = basename(resolve(path)).replace(/(\.tar)?(\.gz)?$|\.tgz$/, '') || 'photos';
  const folder = out ?? `${name}-model`;
  if (resolve(folder).startsWith(resolve(path) + sep)) {
    throw new Error(
      `The training would write to ${resolve(folder)}, among the images; give another folder: --out ${join(path, '..', `${name}-model`)}`,
    );
  }
  return { data: path, out: folder };
}

/** Threads that make the batches, where there are to be any. Each has the pictures in memory too, where all of them fit. */
function startWorkers(
  { bytes, complete, data, model }: Prepared,
  options: PlacedOptions,
): BatchWorkers | undefined {
  const { workers = bytes > 0 ? 0 : 1 } = options;
  if (workers === 0) return undefined;
  const inMemory = bytes > 0 && bytes * (workers + 1) <= MEMORY;
  const parameters: WorkerParameters = {
    data: { ...data, data: options.data, seed: options.seed, inMemory },
    options: complete,
    preprocessing: model.preprocessing,
  };
  return new BatchWorkers(new URL('./training-worker.js', import.meta.url), { workers, parameters });
}

/** Says how good the network is, how sure that is, and what to do next. */
function report(evaluation: Evaluation, classes: readonly string[], file: string): void {
  const { images } = evaluation;
  const sure = certainty(evaluation);
  console.log(formatEvaluation(evaluation, classes));
  console.log(formatCertainty(sure, images));
  const warning = chanceWarning(sure, images);
  if (warning !== undefined) console.error(warning);
  console.log(`The weights are in ${file}.`);
  const quoted = /^[\w./\\:-]+$/.test(file) ? file : `"${file}"`;
  console.log(`Classify a photo with them: skipscale classify PHOTO --weights ${quoted}`);
}
