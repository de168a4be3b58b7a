import { check, checkOptions, shown, type OptionNames } from '../../core/errors.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import { checkDataset } from '../../training/data/check-dataset.js';
import type { Dataset } from '../../training/data/dataset.js';
import { evaluate } from '../../training/evaluate.js';
import type { EvaluateOptions } from '../../training/image-logits.js';
import { fit, resized } from '../../training/inputs.js';
import { mean } from '../labelled-logits.js';
import {
  checkCorruption,
  commonCorruptions,
  corrupt,
  severities,
  type CorruptionName,
  type Severity,
} from './corrupt.js';

/** The share of wrong answers on images with each corruption, the mean over its severities. */
export type CorruptionErrors = Readonly<Partial<Record<CorruptionName, number>>>;

/** Options of {@link evaluateCorruptions}. */
export interface EvaluateCorruptionsOptions extends Omit<EvaluateOptions, 'views'> {
  /** Default the 15 common ones. */
  readonly corruptions?: readonly CorruptionName[];
  /** Default all five. */
  readonly severities?: readonly Severity[];
  /** The errors of the network to compare with, such as another evaluation's `errors`, or `alexNetErrors`. Default none. */
  readonly baseline?: CorruptionErrors;
  /** Error of the baseline on images without corruption, for the relative error. Default none. */
  readonly baselineError?: number;
  /** Of the corruptions. Default 0. */
  readonly seed?: number;
  /** Called after each batch with the number of images so far, of all corruptions together. */
  readonly onProgress?: (done: number, total: number) => void;
}

const optionNames: OptionNames<EvaluateCorruptionsOptions> = {
  batchSize: true,
  size: true,
  classes: true,
  corruptions: true,
  severities: true,
  baseline: true,
  baselineError: true,
  seed: true,
  onProgress: true,
  signal: true,
};

/** How well a network classifies corrupted images. Shares are from 0 to 1. */
export interface CorruptionEvaluation {
  /** The share of wrong answers on the images as they are. */
  readonly cleanError: number;
  /** The share of wrong answers with each corruption at each severity that was asked for. */
  readonly bySeverity: Readonly<Partial<Record<CorruptionName, readonly number[]>>>;
  /** The same, the mean over the severities. */
  readonly errors: CorruptionErrors;
  /** The mean of `errors`. */
  readonly meanError: number;
  /** The mean corruption error: the mean over corruptions of the error over the baseline's; 1 is as good as the baseline. */
  readonly meanCorruptionError: number | undefined;
  /** The same of what corruption adds to the error on clean images, where `baselineError` was given. */
  readonly relativeMeanCorruptionError: number | undefined;
}

/**
 * The errors of AlexNet with each corruption of ImageNet-C, the baseline of the mean corruption error there. Source: Hendrycks and
 * Dietterich 2019, arXiv 1903.12261.
 */
export const alexNetErrors: CorruptionErrors = {
  gaussian_noise: 0.886428,
  shot_noise: 0.894468,
  impulse_noise: 0.92264,
  defocus_blur: 0.81988,
  glass_blur: 0.826268,
  motion_blur: 0.785948,
  zoom_blur: 0.79836,
  snow: 0.866816,
  frost: 0.826572,
  fog: 0.819324,
  brightness: 0.564592,
  contrast: 0.853204,
  elastic_transform: 0.646056,
  pixelate: 0.71784,
  jpeg_compression: 0.6065,
  speckle_noise: 0.845388,
  gaussian_blur: 0.787108,
  spatter: 0.717512,
  saturate: 0.658248,
};

/**
 * How well a model classifies images with corruptions: each is resized and cropped to the model's size first, as `evaluate` does, and
 * then corrupted. Source: Hendrycks and Dietterich 2019, arXiv 1903.12261.
 * @param data - Images with classes, as `evaluate` takes them.
 * @throws ArgumentError where a corruption is not known, the baseline lacks one, or its `baselineError` is not below its errors; what
 * `evaluate` throws.
 */
export async function evaluateCorruptions(
  model: ImageClassifier,
  data: Dataset,
  options: EvaluateCorruptionsOptions = {},
): Promise<CorruptionEvaluation> {
  checkOptions('evaluateCorruptions', options, optionNames);
  checkDataset('evaluateCorruptions', data);
  const { corruptions = commonCorruptions, severities: levels = severities } = options;
  checkChoice(corruptions, levels);
  checkBaseline(corruptions, options);
  const { seed = 0, size = model.preprocessing.size, batchSize, classes, signal, onProgress } = options;
  check(Number.isSafeInteger(seed), () => `seed is ${shown(seed)}; give an integer.`);
  const images = data.labels.length;
  const total = images * (1 + corruptions.length * levels.length);
  let before = 0;
  const errorOf = async (dataset: Dataset) => {
    const report = (done: number) => onProgress?.(before + done, total);
    const { top1 } = await evaluate(model, dataset, { size, batchSize, classes, signal, onProgress: report });
    before += images;
    return 1 - top1;
  };
  const preprocessing = resized(model.preprocessing, size);
  const cleanError = await errorOf(data);
  const bySeverity: Partial<Record<CorruptionName, number[]>> = {};
  for (const name of corruptions) {
    bySeverity[name] = [];
    for (const severity of levels) {
      const image = async (index: number) =>
        corrupt(fit(await data.image(index), preprocessing), name, { severity, seed: seed + index });
      const { name: title, whole, classes, labels, paths } = data;
      bySeverity[name].push(await errorOf({ name: title, whole, classes, labels, paths, image }));
    }
  }
  return summary(cleanError, bySeverity, options);
}

function checkChoice(corruptions: readonly CorruptionName[], levels: readonly Severity[]): void {
  check(
    Array.isArray(corruptions) && corruptions.length > 0 && Array.isArray(levels) && levels.length > 0,
    () => 'There are no corruptions or no severities; give an array of one or more, or leave them out.',
  );
  for (const name of corruptions) for (const severity of levels) checkCorruption(name, severity);
}

function checkBaseline(
  corruptions: readonly CorruptionName[],
  { baseline, baselineError }: EvaluateCorruptionsOptions,
): void {
  const missing = baseline && corruptions.find((name) => !(baseline[name]! > 0));
  check(
    missing === undefined,
    () => `The baseline has no error above 0 for ${missing}; give one, or leave this corruption out.`,
  );
  if (baselineError === undefined) return;
  check(baseline !== undefined, () => 'There is a baselineError, but no baseline; give both.');
  const isShare = Number.isFinite(baselineError) && baselineError >= 0;
  const below = corruptions.find((name) => !(isShare && baselineError < baseline[name]!));
  check(
    below === undefined,
    () =>
      `baselineError is ${shown(baselineError)}; give a share from 0 to below the baseline's error for ${below}, ` +
      `${baseline[below!]}, or leave it out.`,
  );
}

function summary(
  cleanError: number,
  bySeverity: Readonly<Partial<Record<CorruptionName, readonly number[]>>>,
  { baseline, baselineError }: EvaluateCorruptionsOptions,
): CorruptionEvaluation {
  const entries = Object.entries(bySeverity).map(([name, list]) => ({
    name: name as CorruptionName,
    error: mean(list),
  }));
  const ratios = (clean: number, baselineClean: number) =>
    baseline && mean(entries.map(({ name, error }) => (error - clean) / (baseline[name]! - baselineClean)));
  return {
    cleanError,
    bySeverity,
    errors: Object.fromEntries(entries.map(({ name, error }) => [name, error])),
    meanError: mean(entries.map(({ error }) => error)),
    meanCorruptionError: ratios(0, 0),
    relativeMeanCorruptionError: baselineError === undefined ? undefined : ratios(cleanError, baselineError),
  };
}
