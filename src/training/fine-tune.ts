import { ready } from '#backends';
import {
  check,
  checkAtLeastZero,
  checkBoolean,
  checkModel,
  checkOneOf,
  checkOptions,
  shown,
  type OptionNames,
} from '../core/errors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { Preprocessing } from '../models/preprocessing.js';
import { compose, type Augmentation } from '../vision/augment/augmentation.js';
import { certainty, type Certainty } from './certainty.js';
import { checkTrainOptions, imageTrainOptionNames } from './check-options.js';
import { checkDataset } from './data/check-dataset.js';
import { checkImagesOfClasses } from './data/check-classes.js';
import type { Dataset } from './data/dataset.js';
import { split } from './data/parts.js';
import { decodable, decodeAll } from './data/decode-all.js';
import type { SkippedFile } from './data/skipped.js';
import { evaluate } from './evaluate.js';
import {
  fineTuneAugmentations,
  fineTuneRecipe,
  type FineTuneAugmentation,
  type FineTuneRecipe,
} from './fine-tune-recipe.js';
import { fit, resized } from './inputs.js';
import { isSameList, matchTraining, type ClassMapping, type KnownClasses } from './match-classes.js';
import type { Evaluation } from './metrics.js';
import { cosineSchedule } from './optim/schedules.js';
import type { TrainEvent } from './train-events.js';
import type { ImageTrainOptions } from './train-options.js';
import { train } from './train.js';
import { withWordNetIds } from './wordnet-ids.js';

/** Options of {@link fineTune}: each value of the recipe, and what `train` takes besides. */
export interface FineTuneOptions
  extends
    Partial<Omit<ImageTrainOptions, 'augment' | 'validation'>>,
    Partial<Omit<FineTuneRecipe, 'augment' | 'validation' | 'reasons'>> {
  /** The share of each class that is held out, or other data of such classes. Default the recipe's share. */
  readonly validation?: number | Dataset;
  /** Names, or your own augmentation. Default the recipe's. */
  readonly augment?: readonly FineTuneAugmentation[] | Augmentation;
  /** Whether the model gets a new head though its labels are the classes of the data, or `classes` maps these. Default false. */
  readonly resetHead?: boolean;
  /** Called with what `train` tells; the training waits for the promise that it gives. Default nothing. */
  readonly onEvent?: (event: TrainEvent) => void | Promise<void>;
  /** Called with each image that cannot be decoded, which is left out. Default: one error names all of them. */
  readonly onSkip?: (skipped: SkippedFile) => void;
}

const fineTuneOptionNames: OptionNames<FineTuneOptions> = {
  ...imageTrainOptionNames,
  learningRate: true,
  freeze: true,
  resetHead: true,
  onEvent: true,
  onSkip: true,
};

/** What {@link prepareFineTuning} gives. */
export interface FineTunePlan {
  /** What was chosen, or given. */
  readonly recipe: FineTuneRecipe;
  /** What is trained on, every image a square of the network's size, its classes those of the model. */
  readonly training: Dataset;
  /** What is held out, of such squares too. */
  readonly validation: Dataset;
  /** Whether the pictures are decoded and in memory. */
  readonly inMemory: boolean;
  /** Whether the model got a new head. */
  readonly isHeadNew: boolean;
  /** For `train(model, training, options)`. */
  readonly options: ImageTrainOptions;
}

/** What {@link fineTune} gives. */
export interface FineTuneResult extends Certainty {
  readonly recipe: FineTuneRecipe;
  /** Of the trained model on the images held out. */
  readonly evaluation: Evaluation;
}

/** Bytes of pictures that are kept in memory rather than decoded anew in every epoch. */
const MEMORY = 2 ** 30;

/**
 * Trains a model that knows other images on yours, by the recipe that {@link fineTuneRecipe} chooses for their number. A
 * share of each class is held out, at random by the seed, and says at the end how good the model is, and how sure that is. The
 * model gets a new head, and the data's classes as labels, unless it has them already, in whatever order, or `classes` maps the
 * data's names to the model's. The same seed, data and options give
 * the same weights on the same backend.
 *
 * ```ts
 * const model = await pretrained('resnet20');
 * const { evaluation, interval } = await fineTune(model, await folderDataset('photos'));
 * ```
 * @param model - With weights; it is changed in place.
 * @param data - At least two classes of at least two images each. Images of any size.
 * @throws ArgumentError where the data has too few classes or images, or an option is out of range; Error where the training
 * diverges, or images cannot be decoded and there is no `onSkip`; the reason of `signal` where that is aborted.
 */
export async function fineTune(
  model: ImageClassifier,
  data: Dataset,
  options: FineTuneOptions = {},
): Promise<FineTuneResult> {
  const plan = await prepareFineTuning(model, data, options);
  let evaluation: Evaluation | undefined;
  for await (const event of train(model, plan.training, plan.options)) {
    if (event.type === 'evaluation') evaluation = event.evaluation;
    await options.onEvent?.(event);
  }
  options.signal?.throwIfAborted();
  // A training that was resumed when it was complete has evaluated nothing.
  evaluation ??= await evaluate(model, plan.validation, { size: options.size, signal: options.signal });
  return { recipe: plan.recipe, evaluation, ...certainty(evaluation) };
}

/**
 * What {@link fineTune} does before it trains: decodes the images, chooses the recipe, holds images out, gives the model its
 * head and labels, and freezes parts. For those who run `train` themselves.
 * @throws ArgumentError as {@link fineTune}.
 */
export async function prepareFineTuning(
  model: ImageClassifier,
  data: Dataset,
  options: FineTuneOptions = {},
): Promise<FineTunePlan> {
  checkModel('fineTune', model);
  checkDataset('fineTune', data);
  checkOptions('fineTune', options, fineTuneOptionNames);
  const { validation, augment, classes, resetHead = false, onSkip } = options;
  const { seed = 0, size = model.preprocessing.size } = options;
  const preprocessing = resized(model.preprocessing, size);
  checkFineTuneOptions(options);
  options.signal?.throwIfAborted();
  await checkFineTuneData(data, validation, classes);
  const isHeadNew = resetHead || !isHeadFor(model, data, classes);
  const known = isHeadNew ? classesOf(data) : model;
  const others = typeof validation === 'object' ? validation : undefined;
  const matched = matchTraining(known, data, {
    classes: await withWordNetIds(known, classes, data, others),
    validation: others,
  });
  await ready();
  const images = data.labels.length + (matched.validation?.labels.length ?? 0);
  const inMemory = 3 * size ** 2 * images <= MEMORY;
  const pictures = await squares(matched.data, preprocessing, inMemory, onSkip);
  options.signal?.throwIfAborted();
  // Some may have been left out.
  await checkFineTuneData(pictures, matched.validation ?? validation);

  const recipe = chosen(pictures, options);
  const parts = matched.validation
    ? { train: pictures, validation: await squares(matched.validation, preprocessing, inMemory, onSkip) }
    : split(pictures, { validation: recipe.validation, seed });
  if (isHeadNew) model.resetHead(data.classes.length, { seed });
  if (recipe.freeze.length > 0) model.freeze(...recipe.freeze);
  model.labels = matched.labels;
  return {
    recipe,
    training: parts.train,
    validation: parts.validation,
    inMemory,
    isHeadNew,
    options: {
      ...ofRecipe(recipe, parts.train.labels.length),
      ...ofTraining(options),
      ...(typeof augment === 'function' && { augment }),
      validation: parts.validation,
    },
  };
}

function checkFineTuneOptions({ augment, ...options }: FineTuneOptions): void {
  const { learningRate = 0.01, validation = 0.1, freeze = [], resetHead = false } = options;
  check(Array.isArray(freeze), () => `freeze is ${shown(freeze)}; give an array of parts, such as ['stem'].`);
  checkTrainOptions(options);
  checkAtLeastZero('learningRate', learningRate);
  if (typeof validation === 'object' && validation !== null)
    checkDataset('fineTune', validation, 'the validation data');
  checkBoolean('resetHead', resetHead);
  check(
    (typeof validation === 'object' && validation !== null) || (validation > 0 && validation < 1),
    () => `validation is ${shown(validation)}; give a share between 0 and 1, such as 0.1, or a data set.`,
  );
  if (typeof augment === 'function') return;
  for (const name of augment ?? []) checkOneOf('augment', name, Object.keys(fineTuneAugmentations));
}

/**
 * Throws unless the data have classes and images enough to train on, and to hold some out where there are no others; and others
 * have no other classes, unless a mapping says what these are.
 */
export async function checkFineTuneData(
  data: Dataset,
  validation: number | Dataset | undefined,
  classes?: ClassMapping,
): Promise<void> {
  if (typeof validation !== 'object') {
    checkImagesOfClasses(data, 2, 'one to train on and one to hold out');
    return;
  }
  checkImagesOfClasses(data, 1, 'to train on');
  check(validation.labels.length > 0, () => 'The validation data has no images; give some, or a share.');
  if (classes) return;
  const known = classesOf(data);
  matchTraining(known, data, { validation, classes: await withWordNetIds(known, {}, validation) });
}

/** The classes of a model that is made for the data. */
function classesOf({ classes }: Dataset): KnownClasses {
  return { classes: classes.length, labels: classes };
}

/** Whether the model's head is for the data: its labels are the classes in some order, or a mapping says which is which. */
function isHeadFor({ labels }: ImageClassifier, { classes }: Dataset, mapping: ClassMapping = {}): boolean {
  const isMapped = classes.some((name) => Object.hasOwn(mapping, name));
  return isMapped || (labels !== undefined && isSameList([...labels].sort(), [...classes].sort()));
}

/** The recipe for these images, with what the options give in its place. */
function chosen({ labels, classes }: Dataset, options: FineTuneOptions): FineTuneRecipe {
  const recipe = fineTuneRecipe({ images: labels.length, classes: classes.length });
  const { batchSize, epochs, learningRate, freeze, validation, augment } = options;
  const given = {
    ...{ batchSize, epochs, learningRate, freeze },
    validation: typeof validation === 'number' ? validation : undefined,
    augment: typeof augment === 'function' ? [] : augment,
  };
  const names = (Object.keys(given) as (keyof typeof given)[]).filter((name) => given[name] !== undefined);
  return {
    ...recipe,
    ...Object.fromEntries(names.map((name) => [name, given[name]])),
    reasons: { ...recipe.reasons, ...Object.fromEntries(names.map((name) => [name, 'as given'])) },
  };
}

/** What a recipe means to `train`. */
function ofRecipe(recipe: FineTuneRecipe, images: number): ImageTrainOptions {
  const { batchSize, epochs, learningRate } = recipe;
  const steps = epochs * Math.max(1, Math.floor(images / batchSize));
  return {
    ...{ batchSize, epochs },
    schedule: cosineSchedule(learningRate, { steps }),
    augment: compose(...recipe.augment.map((name) => fineTuneAugmentations[name]())),
  };
}

/** The options that go to `train` as they are, where they are given. */
function ofTraining(options: FineTuneOptions): Partial<ImageTrainOptions> {
  const { microBatchSize, recompute, schedule, optimizer, loss, metrics, clipNorm, movingAverage, mix } =
    options;
  const { size, evaluateEvery, seed, checkpoints, signal } = options;
  const all = {
    ...{ microBatchSize, recompute, schedule, optimizer, loss, metrics, clipNorm, movingAverage, mix },
    ...{ size, evaluateEvery, seed, checkpoints, signal },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The images as squares of the network's size: decoded at once where they are to be in memory, otherwise tried once. */
async function squares(
  data: Dataset,
  preprocessing: Preprocessing,
  inMemory: boolean,
  onSkip: ((skipped: SkippedFile) => void) | undefined,
): Promise<Dataset> {
  if (inMemory) {
    return decodeAll(data, { transform: (image) => fit(image, preprocessing), onSkip });
  }
  return asSquares(await decodable(data, { onSkip }), preprocessing);
}

/** The same images, each made a square of the network's size when it is asked for. */
export function asSquares(data: Dataset, preprocessing: Preprocessing): Dataset {
  return { ...data, image: async (index) => fit(await data.image(index), preprocessing) };
}
