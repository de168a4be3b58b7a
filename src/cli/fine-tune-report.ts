import { counted } from '../core/counted.js';
import type { Certainty, Dataset, FineTuneRecipe, SkippedFile } from '../index.js';
import { describeSkipped } from '../training/data/skipped.js';
import { percent } from './format-evaluation.js';
import { stepsOfEpoch, type TrainingOptions } from './training-options.js';

/**
 * How many images there are, of how many classes, and which files were left out, such as `72 images, 3 classes`.
 * @param epoch - What {@link formatEpoch} gives. Default nothing.
 */
export function formatData(
  images: number,
  classes: number,
  skipped: readonly SkippedFile[],
  epoch = '',
): string {
  const left = skipped.length > 0 ? `, ${skipped.length} skipped: ${describeSkipped(skipped)}` : '';
  return `${counted(images, 'image')}, ${counted(classes, 'class', 'classes')}${epoch}${left}`;
}

/** How many of the images an epoch has, where its last batch leaves out more than a tenth of them; otherwise nothing. */
export function formatEpoch(images: number, batchSize: number): string {
  const used = Math.min(images, stepsOfEpoch(images, batchSize) * batchSize);
  return images - used > images / 10 ? ` (${used} of ${images} images an epoch)` : '';
}

/** The folder whose folders are the classes, in a sentence, where it is not the data's; undefined where it is. */
export function formatRoot({ paths, classes, labels }: Dataset): string | undefined {
  const parts = paths?.[0]?.split('/').filter((part) => part !== '.') ?? [];
  const depth = parts.findIndex((part) => part.normalize('NFC') === classes[labels[0]!]);
  return depth > 0 ? `The classes are the folders in ${parts.slice(0, depth).join('/')}.` : undefined;
}

/**
 * The recipe, a line a choice with its reason.
 * @param options - What the training has, chosen or given.
 * @param given - Names of the options that were given.
 */
export function formatRecipe(
  { freeze, validation, reasons }: FineTuneRecipe,
  { batchSize, epochs, lr, augment }: TrainingOptions,
  given: readonly string[],
): string {
  const why = (option: string, reason: string) => (given.includes(option) ? 'as given' : reason);
  const rows = [
    ['--validation', `${validation}`, why('validation', reasons.validation)],
    ['--batch-size', `${batchSize}`, why('batchSize', reasons.batchSize)],
    ['--epochs', `${epochs}`, why('epochs', reasons.epochs)],
    ['--lr', `${lr}`, why('lr', reasons.learningRate)],
    ['--freeze', freeze.join(',') || 'none', why('freeze', reasons.freeze)],
    ['--augment', augment.join(',') || 'none', why('augment', reasons.augment)],
  ] as const;
  const width = Math.max(...rows.map(([option, value]) => `${option} ${value}`.length));
  return rows
    .map(([option, value, reason]) => `  ${`${option} ${value}`.padEnd(width)}  ${reason}`)
    .join('\n');
}

/** How sure it is that the network is as good as it seems. */
export function formatCertainty({ right, interval }: Certainty, images: number): string {
  const [low, high] = [interval.low, interval.high].map((share) => Math.round(100 * share));
  return (
    `${right} of the ${images} images held out are right, ${percent(right / images).trim()}. ` +
    `Of other images like them, ${low} to ${high} % will be right (95 % interval).`
  );
}

/** A warning where the network may be no better than guessing; undefined where it is better. */
export function chanceWarning(certainty: Certainty, images: number): string | undefined {
  const { chance, interval, isBetterThanChance } = certainty;
  if (isBetterThanChance) return undefined;
  const guess = `always naming the commonest class would have ${percent(chance).trim()} right`;
  // Even at its best, it is not half way from guessing to being right always.
  return interval.high < (1 + chance) / 2
    ? `Warning: the network is no better than guessing: ${guess}. Train longer, with smaller batches or a lower --lr, or start from weights (--from).`
    : `Warning: ${images} images are too few to tell this network from guessing: ${guess}. Hold more out (--validation), or collect more.`;
}
