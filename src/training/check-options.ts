import {
  check,
  checkAtLeastZero,
  checkFraction,
  checkBoolean,
  checkInteger,
  checkOptions,
  shown,
  type OptionNames,
} from '../core/errors.js';
import { checkImagesOfClasses, checkSeveralClasses } from './data/check-classes.js';
import { checkDataset } from './data/check-dataset.js';
import { countBatches } from './data/batches.js';
import type { Dataset } from './data/dataset.js';
import { checkTensorData, isTensorData } from './data/tensor-batches.js';
import { checkMappingKind } from './match-classes.js';
import type { ImageTrainOptions, TrainOptions } from './train-options.js';

/** Every option of `train` for any network. */
export const trainOptionNames: OptionNames<TrainOptions<unknown, unknown, unknown>> = {
  epochs: true,
  loss: true,
  objective: true,
  metrics: true,
  microBatchSize: true,
  recompute: true,
  schedule: true,
  optimizer: true,
  clipNorm: true,
  movingAverage: true,
  validation: true,
  evaluateEvery: true,
  seed: true,
  checkpoints: true,
  signal: true,
};

/** Every option of `train` for an image classifier. */
export const imageTrainOptionNames: OptionNames<ImageTrainOptions> = {
  ...trainOptionNames,
  batchSize: true,
  augment: true,
  mix: true,
  size: true,
  classes: true,
};

const counts = ['epochs', 'batchSize', 'microBatchSize', 'size', 'evaluateEvery'] as const;
const functions = ['schedule', 'optimizer', 'loss', 'mix'] as const;

/**
 * Throws where an option of `train` that is given is out of range.
 * @throws ArgumentError
 */
export function checkTrainOptions(
  options: Omit<Partial<ImageTrainOptions<string>>, 'augment' | 'validation'>,
): void {
  checkMappingKind(options.classes);
  checkBoolean('recompute', options.recompute ?? false);
  const { seed = 0, clipNorm = 1, movingAverage, checkpoints, signal } = options;
  for (const name of counts) checkInteger(name, options[name] ?? 1, 1);
  for (const name of functions) {
    const value = options[name];
    check(
      value === undefined || typeof value === 'function',
      () => `${name} is no function; leave it out, or give a function.`,
    );
  }
  checkMetrics(options.metrics);
  checkObjective(options.objective);
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

function checkObjective(objective: unknown): void {
  const given = objective as Record<string, unknown> | null | undefined;
  check(
    given === undefined ||
      (typeof given?.['prepare'] === 'function' && typeof given['compute'] === 'function'),
    () =>
      `objective is ${shown(objective)}; give what adversarialTraining makes, or an object with prepare and compute.`,
  );
}

function checkMetrics(metrics: Readonly<Record<string, unknown>> = {}): void {
  check(
    typeof metrics === 'object' && metrics !== null,
    () => `metrics is ${shown(metrics)}; give functions by name, such as { accuracy }.`,
  );
  for (const [name, metric] of Object.entries(metrics)) {
    check(
      typeof metric === 'function',
      () => `The metric ${name} is ${shown(metric)}; give a function of the output and the target.`,
    );
  }
}

/**
 * Throws where an image classifier cannot be trained on these data with these options, as far as that shows before the first step.
 * @throws ArgumentError
 */
export function checkImageTraining(data: unknown, options: ImageTrainOptions<string>): void {
  const { epochs, batchSize = 128, augment, validation } = options;
  checkCommon(options);
  check(
    augment === undefined || typeof augment === 'function',
    () => 'augment is no function; leave it out, or give one such as randomFlip().',
  );
  if (!isTensorData(data)) checkTrainingData(data);
  if (validation !== undefined && !isTensorData(validation)) {
    checkDataset('train', validation, 'the validation data');
    checkLabels('validation', validation);
    check(
      validation.labels.length > 0,
      () => 'The validation data has no images; give some, or leave validation out.',
    );
  }
  checkRates(options, isTensorData(data) ? 1 : epochs * batchesOf(data as Dataset, batchSize));
}

/**
 * Throws where a network cannot be trained on these data with these options, as far as that shows before the first step.
 * @throws ArgumentError
 */
export function checkTraining(data: unknown, options: TrainOptions<unknown, unknown, unknown, string>): void {
  checkTensorData('train', data);
  const { validation, ...others } = options;
  check(
    typeof options.loss === 'function',
    () =>
      `loss is ${shown(options.loss)}; give a function of the output and the target, such as meanSquaredError.`,
  );
  checkCommon(others as unknown as ImageTrainOptions<string>);
  if (validation !== undefined) checkTensorData('train', validation, 'the validation data');
  checkRates(options, 1);
}

function checkCommon(options: ImageTrainOptions<string>): void {
  checkInteger('epochs', options.epochs, 1);
  checkTrainOptions(options);
  check(
    typeof options.schedule === 'function',
    () => 'There is no schedule; give one, such as constantSchedule(0.1).',
  );
}

/** Throws unless the first and the last step have a learning rate. */
function checkRates({ schedule }: Pick<ImageTrainOptions, 'schedule'>, steps: number): void {
  for (const step of [0, steps - 1]) checkAtLeastZero(`The learning rate of step ${step}`, schedule(step));
}

function batchesOf({ labels }: Dataset, batchSize: number): number {
  return Math.max(1, countBatches(labels.length, { batchSize, dropLast: true }));
}

function checkTrainingData(data: unknown): void {
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
