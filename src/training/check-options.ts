import {
  check,
  checkAtLeastZero,
  checkFraction,
  checkBoolean,
  checkInteger,
  checkOptions,
  type OptionNames,
} from '../core/errors.js';
import { checkImagesOfClasses, checkSeveralClasses } from './data/check-classes.js';
import { checkDataset } from './data/check-dataset.js';
import { countBatches, type BatchSource } from './data/batches.js';
import type { Dataset } from './data/dataset.js';
import { checkMappingKind } from './match-classes.js';
import type { TrainOptions } from './train-options.js';

/** Every option of `train`. */
export const trainOptionNames: OptionNames<TrainOptions> = {
  epochs: true,
  batchSize: true,
  microBatchSize: true,
  recompute: true,
  schedule: true,
  optimizer: true,
  loss: true,
  clipNorm: true,
  movingAverage: true,
  augment: true,
  mix: true,
  size: true,
  validation: true,
  classes: true,
  evaluateEvery: true,
  seed: true,
  checkpoints: true,
  signal: true,
};

const counts = ['epochs', 'batchSize', 'microBatchSize', 'size', 'evaluateEvery'] as const;
const functions = ['schedule', 'optimizer', 'loss', 'mix'] as const;

/**
 * Throws where an option of `train` that is given is out of range.
 * @throws ArgumentError
 */
export function checkTrainOptions(options: Omit<Partial<TrainOptions>, 'augment' | 'validation'>): void {
  checkMappingKind(options.classes);
  checkBoolean('recompute', options.recompute ?? false);
  const { seed = 0, clipNorm = 1, movingAverage, checkpoints, signal } = options;
  for (const name of counts) checkInteger(name, options[name] ?? 1, 1);
  for (const name of functions) {
    const value = options[name];
    check(
      value === undefined || typeof value === 'function',
      () => `${name} is no function; leave it out, or give one that the library has or your own.`,
    );
  }
  check(Number.isSafeInteger(seed), () => `seed is ${seed}; give an integer.`);
  check(
    typeof clipNorm === 'number' && clipNorm > 0 && clipNorm < Infinity,
    () => `clipNorm is ${clipNorm}; give a positive number, such as 1, or leave it out.`,
  );
  if (movingAverage !== undefined)
    checkOptions('movingAverage', movingAverage, { decay: true, warmUp: true });
  if (movingAverage) checkFraction('movingAverage.decay', movingAverage.decay ?? 0.9999);
  check(
    signal === undefined || typeof signal.aborted === 'boolean',
    () => 'signal is no AbortSignal; give the signal of an AbortController.',
  );
  if (checkpoints === undefined) return;
  checkOptions('checkpoints', checkpoints, { folder: true, everySteps: true, keep: true, resume: true });
  const { folder, keep = 3, everySteps = 1, resume = false } = checkpoints;
  check(
    typeof folder === 'string' && folder !== '',
    () => `checkpoints.folder is '${folder}'; give the path of a folder.`,
  );
  checkInteger('checkpoints.keep', keep, 1);
  checkInteger('checkpoints.everySteps', everySteps, 1);
  checkBoolean('checkpoints.resume', resume);
}

/**
 * Throws where these data cannot be trained on with these options, as far as that shows before the first step.
 * @throws ArgumentError
 */
export function checkTraining(data: Dataset | BatchSource, options: TrainOptions): void {
  const { epochs, batchSize = 128, schedule, augment, validation } = options;
  checkInteger('epochs', epochs, 1);
  checkTrainOptions(options);
  check(
    typeof schedule === 'function',
    () => 'There is no schedule; give one, such as constantSchedule(0.1).',
  );
  check(
    augment === undefined || typeof augment === 'function',
    () => 'augment is no function; leave it out, or give one such as randomFlip().',
  );
  if (typeof data !== 'function') checkTrainingData(data);
  if (validation !== undefined) {
    checkDataset('train', validation, 'the validation data');
    checkLabels('validation', validation);
    check(
      validation.labels.length > 0,
      () => 'The validation data has no images; give some, or leave validation out.',
    );
  }
  const steps = typeof data === 'function' ? 1 : epochs * batchesOf(data, batchSize);
  for (const step of [0, steps - 1]) checkAtLeastZero(`The learning rate of step ${step}`, schedule(step));
}

function batchesOf({ labels }: Dataset, batchSize: number): number {
  return Math.max(1, countBatches(labels.length, { batchSize, dropLast: true }));
}

function checkTrainingData(data: Dataset): void {
  checkDataset('train', data);
  checkLabels('data', data);
  check(data.labels.length > 0, () => 'The data has no images; give some to train on.');
  checkImagesOfClasses(data, 1, 'to train on');
}

function checkLabels(what: string, data: Dataset): void {
  checkSeveralClasses(data.classes.length);
  const place = data.labels.findIndex((label) => !(label in data.classes));
  check(
    place < 0,
    () =>
      `Image ${place} of ${what} has the label ${data.labels[place]}; give one of 0 to ${data.classes.length - 1}, the ` +
      'place of its class.',
  );
}
