import {
  Adam,
  AdamW,
  adversarialTraining,
  anyMix,
  augMix,
  augMixConsistency,
  autoAugment,
  colorJitter,
  compose,
  constantSchedule,
  cosineSchedule,
  cutMix,
  exponentialSchedule,
  LAMB,
  mixup,
  oneCycleSchedule,
  polynomialSchedule,
  randAugment,
  randomErasing,
  randomResizedCrop,
  RMSProp,
  SGD,
  softmaxCrossEntropy,
  stepSchedule,
  trades,
  withWarmUp,
  type Augmentation,
  type Mix,
  type NamedVariable,
  type Optimizer,
  type Schedule,
  type ImageTrainOptions,
} from '../index.js';
import { fineTuneAugmentations } from '../training/fine-tune-recipe.js';
import {
  scratchDefaults,
  type AugmentationName,
  type ObjectiveName,
  type OptimizerName,
  type ScheduleName,
} from './training-names.js';

/** The options of the command that say how to train, complete. */
export interface TrainingOptions {
  epochs: number;
  out: string;
  batchSize: number;
  microBatchSize?: number;
  recompute?: boolean;
  lr: number;
  schedule: ScheduleName;
  warmUp: number;
  optimizer: OptimizerName;
  weightDecay: number;
  labelSmoothing: number;
  augment: AugmentationName[];
  mixup?: number;
  cutmix?: number;
  average?: number;
  clip?: number;
  objective?: ObjectiveName;
  radius?: number;
  seed: number;
  resume?: boolean;
  checkpointEvery?: number;
}

/** The options of the command as they are given. */
export type GivenOptions = Pick<TrainingOptions, 'seed'> & Partial<TrainingOptions>;

const optimizers: Record<
  OptimizerName,
  (p: readonly NamedVariable[], options: { weightDecay: number }) => Optimizer
> = {
  sgd: (p, options) => new SGD(p, { momentum: 0.9, nesterov: true, ...options }),
  rmsprop: (p, options) => new RMSProp(p, options),
  adam: (p, options) => new Adam(p, options),
  adamw: (p, options) => new AdamW(p, options),
  lamb: (p, options) => new LAMB(p, options),
};

/** Of the rate, the number of steps, and the steps of an epoch. */
const schedules: Record<ScheduleName, (rate: number, steps: number, perEpoch: number) => Schedule> = {
  constant: constantSchedule,
  cosine: (rate, steps) => cosineSchedule(rate, { steps }),
  step: (rate, steps) => stepSchedule(rate, { at: [Math.round(steps / 2), Math.round((3 * steps) / 4)] }),
  exponential: (rate, _, perEpoch) => exponentialSchedule(rate, { every: 2.4 * perEpoch }),
  polynomial: (rate, steps) => polynomialSchedule(rate, { steps }),
  'one-cycle': (rate, steps) => oneCycleSchedule(rate, { steps }),
};

/** Of the side of the images that the network sees. */
const augmentations: Record<AugmentationName, (size: number) => Augmentation> = {
  ...fineTuneAugmentations,
  'resized-crop': (size) => randomResizedCrop({ size }),
  erase: () => randomErasing(),
  jitter: () => colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4 }),
  'auto-imagenet': () => autoAugment('imagenet'),
  'auto-cifar10': () => autoAugment('cifar10'),
  rand: () => randAugment(),
  'aug-mix': () => augMix(),
};

/** Of the radius that images are attacked in. */
const objectives: Record<ObjectiveName, (radius: number) => ImageTrainOptions['objective']> = {
  plain: () => undefined,
  adversarial: (radius) => adversarialTraining({ radius }),
  trades: (radius) => trades({ radius }),
  'aug-mix': () => augMixConsistency(),
};

/**
 * What the options mean to the library.
 * @param images - Of the data to train on.
 * @param size - Side of the images that the network sees.
 */
export function libraryOptions(options: TrainingOptions, images: number, size: number): ImageTrainOptions {
  const { epochs, batchSize, microBatchSize, recompute, seed, lr, warmUp, weightDecay, labelSmoothing } =
    options;
  const perEpoch = stepsOfEpoch(images, batchSize);
  const warmUpSteps = Math.round(warmUp * perEpoch);
  const schedule = schedules[options.schedule](lr, Math.max(1, epochs * perEpoch - warmUpSteps), perEpoch);
  const mixes: Mix[] = [
    ...(options.mixup === undefined ? [] : [mixup(options.mixup)]),
    ...(options.cutmix === undefined ? [] : [cutMix(options.cutmix)]),
  ];
  return {
    ...{ epochs, batchSize, microBatchSize, recompute, seed },
    schedule: withWarmUp(schedule, { steps: warmUpSteps }),
    optimizer: (parameters) => optimizers[options.optimizer](parameters, { weightDecay }),
    loss: (logits, targets) => softmaxCrossEntropy(logits, targets, { labelSmoothing }),
    augment: compose(...options.augment.map((name) => augmentations[name](size))),
    mix: mixes.length > 0 ? anyMix(...mixes) : undefined,
    objective: objectives[options.objective ?? 'plain'](options.radius ?? 0),
    clipNorm: options.clip,
    movingAverage: options.average === undefined ? undefined : { decay: options.average },
    checkpoints: { folder: options.out, everySteps: options.checkpointEvery, resume: options.resume },
  };
}

/** The options with their defaults, those that are not given left out. */
export function complete<D extends object>(
  defaults: D,
  given: Partial<TrainingOptions>,
): D & TrainingOptions {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(known) } as D & TrainingOptions;
}

/**
 * What the options that are given mean to `fineTune`, which chooses the others.
 * @param recipe - What it chose, as options.
 */
export function givenLibraryOptions(
  given: GivenOptions,
  recipe: Partial<TrainingOptions>,
  images: number,
  size: number,
): Partial<ImageTrainOptions> {
  const options = complete({ ...scratchDefaults, ...recipe }, given);
  const all = libraryOptions(options, images, size);
  const has = (...names: (keyof TrainingOptions)[]) => names.some((name) => given[name] !== undefined);
  return {
    ...(has('schedule', 'warmUp') && { schedule: all.schedule }),
    ...(has('optimizer', 'weightDecay') && { optimizer: all.optimizer }),
    ...(has('labelSmoothing') && { loss: all.loss }),
    ...(has('augment') && { augment: all.augment }),
    ...{ microBatchSize: all.microBatchSize, recompute: all.recompute, mix: all.mix },
    ...{ objective: all.objective, clipNorm: all.clipNorm },
    ...{ movingAverage: all.movingAverage, checkpoints: all.checkpoints },
  };
}

/** The steps of an epoch, whose last batch is left out where it is not whole. */
export function stepsOfEpoch(images: number, batchSize: number): number {
  return Math.max(1, Math.floor(images / batchSize));
}
