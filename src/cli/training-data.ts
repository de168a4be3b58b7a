import { decodeAll, split, subset, type Dataset, type Preprocessing } from '../index.js';
import { checkImagesOfClasses } from '../training/data/check-classes.js';
import { asSquares } from '../training/fine-tune.js';
import { matchClasses, matchTraining, type ClassMapping } from '../training/match-classes.js';
import { withWordNetIds } from '../training/wordnet-ids.js';
import { MEMORY, openDataset, openFiles, type OpenOptions } from './open-dataset.js';

/** The options of the command that say what to train on. */
export interface DataOptions {
  data: string;
  /** A share, or a path. */
  validation: string;
  /** What others call their classes. */
  classes?: ClassMapping;
  seed: number;
}

/** The data that a training from scratch takes. */
export interface TrainingData {
  readonly training: Dataset;
  readonly validation: Dataset;
  /** Of the pictures that are in memory: of all, or none. */
  readonly bytes: number;
  /** Number of images of both, but not those of another path. */
  readonly images: number;
}

/**
 * The data to train on, and those to validate with: a share of the same, or others, which are named by their whole paths.
 * @param options - `onSkip` is called with each file that is left out.
 */
export async function openTrainingData(
  { data, validation, classes, seed }: DataOptions,
  options: OpenOptions,
): Promise<TrainingData> {
  const { bytes, ...dataset } = await openDataset(data, 'train', options);
  const images = dataset.labels.length;
  const share = shareOf(validation);
  if (share === undefined) checkImagesOfClasses(dataset, 1, 'to train on');
  else checkImagesOfClasses(dataset, 2, 'one to train on and one to hold out');
  const { onSkip, limit = MEMORY } = options;
  const others =
    share === undefined
      ? await openDataset(validation, 'test', {
          ...options,
          onSkip: (file) => onSkip?.({ ...file, path: `${validation}: ${file.path}` }),
          limit: limit - bytes,
        })
      : undefined;
  const network = { classes: dataset.classes.length, labels: dataset.classes };
  const mapping = await withWordNetIds(network, classes, dataset, others);
  const matched = matchTraining(network, dataset, { classes: mapping, validation: others });
  if (share === undefined) {
    return { training: matched.data, validation: matched.validation!, bytes, images };
  }
  const parts = split(matched.data, { validation: share, seed });
  return { training: parts.train, validation: parts.validation, bytes, images };
}

/** The share that `--validation` gives; undefined where it is a path. */
export function shareOf(validation: string): number | undefined {
  const share = Number(validation);
  return Number.isNaN(share) ? undefined : share;
}

/** The data as a worker thread has to open them, to get the same images at the same places. */
export interface WorkerData extends DataOptions {
  readonly inMemory: boolean;
  /** Paths of the files that are left out. */
  readonly skipped: readonly string[];
  /** What images are made squares for first, as `fineTune` does; undefined for nothing. */
  readonly squares: Preprocessing | undefined;
  /** What the network calls its classes. */
  readonly labels: readonly string[];
}

/** What {@link openTrainingData} or `fineTune` trains on, opened once more. */
export async function reopenTrainingData(options: WorkerData): Promise<Dataset> {
  const { data, validation, seed, inMemory, skipped, squares, classes, labels: names } = options;
  const opened = await openFiles(data, 'train', { onSkip: () => {} });
  const network = { classes: names.length, labels: names };
  const files = matchClasses(network, opened, await withWordNetIds(network, classes, opened));
  const { labels, paths } = files;
  const left = new Set(skipped);
  const whole = subset(
    files,
    Array.from(labels.keys()).filter((place) => !paths || !left.has(paths[place]!)),
  );
  const images = squares ? asSquares(whole, squares) : whole;
  const dataset = inMemory ? await decodeAll(images) : images;
  const share = shareOf(validation);
  return share === undefined ? dataset : split(dataset, { validation: share, seed }).train;
}
