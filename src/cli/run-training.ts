import { mkdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { BatchWorkers, certainty, evaluate, saveWeights, type Evaluation } from '../index.js';
import { replaceFile } from '../core/replace-file.js';
import { hasCheckpoints } from '../training/checkpoint-folder.js';
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
import type { WorkerParameters } from './training-worker.js';

/** What `skipscale train` does: trains, saves the weights, and says how good they are and what to do next. */
export async function runTraining(positional: string | undefined, given: TrainCommandOptions): Promise<void> {
  const options = { ...given, ...placesOf(positional, given) };
  const place = await stat(options.out).catch(() => undefined);
  if (place?.isFile()) {
    throw new Error(`${options.out} is a file, and a training writes a folder; give another name by --out.`);
  }
  if (!options.resume && (await hasCheckpoints(options.out))) {
    throw new Error(
      `${options.out} has checkpoints of an earlier training; go on with it by --resume, or give another folder by --out.`,
    );
  }
  const prepared = await prepareTraining(options);
  const { model, training, validation } = prepared;
  const threads = startWorkers(prepared, options);
  try {
    await mkdir(options.out, { recursive: true });
    const { evaluation, isStopped } = await followTraining(model, training, prepared.options, {
      ...{ out: options.out, resume: options.resume, tensorboard: options.tensorboard },
      batchSize: prepared.complete.batchSize,
      source: threads?.source,
    });
    if (isStopped) return;
    const file = join(options.out, 'model.safetensors');
    await replaceFile(file, await saveWeights(model));
    report(evaluation ?? (await evaluate(model, validation)), training.classes, file);
  } finally {
    await threads?.close();
    model.dispose();
  }
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
