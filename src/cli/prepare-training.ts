import {
  prepareFineTuning,
  type Dataset,
  type ImageClassifier,
  type RgbImage,
  type SkippedFile,
  type ImageTrainOptions,
} from '../index.js';
import { checkFineTuneData } from '../training/fine-tune.js';
import type { ClassMapping } from '../training/match-classes.js';
import { formatData, formatEpoch, formatRecipe, formatRoot } from './fine-tune-report.js';
import { firstPicture, openFiles } from './open-dataset.js';
import { isFromScratch, pretrainedModel, scratchModel, type StartOptions } from './start-model.js';
import { openTrainingData, shareOf, type WorkerData } from './training-data.js';
import { scratchDefaults } from './training-names.js';
import {
  complete,
  givenLibraryOptions,
  libraryOptions,
  type GivenOptions,
  type TrainingOptions,
} from './training-options.js';

/** The options of `skipscale train`. */
export interface TrainCommandOptions extends GivenOptions, StartOptions {
  data?: string;
  validation?: string;
  classes?: ClassMapping;
  workers?: number;
  resetHead?: boolean;
  skipBroken?: boolean;
  freeze?: string[];
  tensorboard?: boolean;
  seed: number;
}

/** The options, with what has to be known before anything is opened. */
export interface PlacedOptions extends TrainCommandOptions {
  data: string;
  out: string;
}

/** A training that is ready to run. */
export interface Prepared {
  readonly model: ImageClassifier;
  readonly training: Dataset;
  readonly validation: Dataset;
  /** Bytes of the pictures that are in memory: of all, or none. */
  readonly bytes: number;
  /** All options of the command line, chosen or given. */
  readonly complete: TrainingOptions;
  readonly options: ImageTrainOptions;
  /** For worker threads. */
  readonly data: Pick<WorkerData, 'validation' | 'skipped' | 'squares' | 'classes' | 'labels'>;
}

/** Opens the data, and builds the network: with random weights, or with others and a recipe for the images. */
export function prepareTraining(options: PlacedOptions): Promise<Prepared> {
  return isFromScratch(options) ? prepareScratch(options) : prepareTuning(options);
}

async function prepareScratch(options: PlacedOptions): Promise<Prepared> {
  const { validation = '0.1', seed, data, classes, skipBroken } = options;
  const skipped: SkippedFile[] = [];
  const opened = await openTrainingData(
    { data, validation, classes, seed },
    { skipBroken, onSkip: (file) => skipped.push(file) },
  );
  const { training, bytes, images } = opened;
  const model = scratchModel(options, training.classes.length);
  try {
    model.labels = training.classes;
    if (options.freeze?.length) model.freeze(...options.freeze);
    const all = complete(scratchDefaults, options);
    const epoch = formatEpoch(training.labels.length, all.batchSize);
    if (skipped.length > 0 || epoch !== '')
      console.log(formatData(images, training.classes.length, skipped, epoch));
    sayRoot(training);
    const { size } = model.preprocessing;
    return {
      ...{ model, training, validation: opened.validation, bytes, complete: all },
      options: { ...libraryOptions(all, training.labels.length, size), validation: opened.validation },
      data: {
        validation,
        skipped: skipped.map(({ path }) => path),
        squares: undefined,
        classes,
        labels: training.classes,
      },
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function prepareTuning(options: PlacedOptions): Promise<Prepared> {
  const { seed, resetHead, classes, batchSize, epochs, lr: learningRate, freeze } = options;
  const skipped: SkippedFile[] = [];
  const onSkip = (file: SkippedFile) => skipped.push(file);
  const data = await openFiles(options.data, 'train', { onSkip });
  const given = options.validation;
  const share = given === undefined ? undefined : shareOf(given);
  const validation = given !== undefined && share === undefined ? await openHeldOut(given, onSkip) : share;
  await checkFineTuneData(data, validation, classes);
  const { model, weights } = await pretrainedModel(options, data.classes.length);
  try {
    const chosen = { batchSize, epochs, learningRate, freeze, validation };
    const plan = await prepareFineTuning(model, data, {
      ...{ seed, resetHead, classes, ...chosen },
      ...(options.skipBroken && { onSkip }),
    });
    const { recipe, training } = plan;
    const { size } = model.preprocessing;
    const augment = [...recipe.augment];
    const ofRecipe = { batchSize: recipe.batchSize, epochs: recipe.epochs, lr: recipe.learningRate, augment };
    const all = complete({ ...scratchDefaults, ...ofRecipe }, options);
    const images =
      training.labels.length +
      (share === undefined && given !== undefined ? 0 : plan.validation.labels.length);
    const epoch = formatEpoch(training.labels.length, all.batchSize);
    console.log(formatData(images, data.classes.length, skipped, epoch));
    sayRoot(data);
    console.log(
      `Fine-tunes ${model.architecture.name} with the weights ${weights}, at ${size} x ${size} pixels, with ` +
        (plan.isHeadNew ? 'a new head:' : 'the head it had:'),
    );
    console.log(formatRecipe(recipe, all, Object.keys(options)));
    if (options.from === undefined) hintAtSize(await firstPicture(data), size);
    return {
      ...{ model, training, validation: plan.validation, complete: all },
      bytes: plan.inMemory ? 3 * size ** 2 * images : 0,
      options: {
        ...plan.options,
        ...givenLibraryOptions(options, ofRecipe, training.labels.length, size),
      },
      data: {
        validation: given ?? String(recipe.validation),
        skipped: skipped.map(({ path }) => path),
        squares: model.preprocessing,
        classes,
        labels: training.classes,
      },
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function sayRoot(data: Dataset): void {
  const root = formatRoot(data);
  if (root !== undefined) console.log(root);
}

/** The data to hold out, named by their whole paths: training data may have the same. */
async function openHeldOut(path: string, onSkip: (file: SkippedFile) => void): Promise<Dataset> {
  const named = (file: string) => `${path}: ${file}`;
  const data = await openFiles(path, 'test', {
    onSkip: (file) => onSkip({ ...file, path: named(file.path) }),
  });
  return { ...data, ...(data.paths && { paths: data.paths.map(named) }) };
}

/** Says that there are networks that see more of large photos. */
function hintAtSize({ width, height }: RgbImage, size: number): void {
  if (Math.min(width, height) < 4 * size) return;
  console.log(
    `Images such as the first, of ${width} x ${height}, have more to see. A slower network that sees more:\n` +
      '  --from imagenet --model efficientnet-b0 (a download of 21 MB)',
  );
}
