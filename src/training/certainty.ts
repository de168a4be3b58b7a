import { check } from '../core/errors.js';
import type { Evaluation } from './metrics.js';

/** A range of shares, from 0 to 1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What an {@link Evaluation} says of images that nobody has seen yet. */
export interface Certainty {
  /** Images that were classified right. */
  readonly right: number;
  /** Where the share of right answers lies with a probability of 95 %, as {@link wilsonInterval} says. */
  readonly interval: Interval;
  /** The share of right answers that naming the commonest class always would have. */
  readonly chance: number;
  /** Whether the whole interval lies above `chance`. */
  readonly isBetterThanChance: boolean;
}

/** The quantile of the normal distribution for 95 % on both sides. */
const Z = 1.959964;

/**
 * The 95 % interval of a share that was counted. Source: Wilson 1927, Journal of the American Statistical Association 22.
 * It holds for few images too, where right answers' share plus or minus two standard errors does not.
 * @param right - How many of `total`.
 * @throws ArgumentError where the counts are none.
 */
export function wilsonInterval(right: number, total: number): Interval {
  check(
    Number.isInteger(right) && Number.isInteger(total) && right >= 0 && right <= total && total > 0,
    () => `right is ${right} of ${total}; give a count of at least 0 and a total of at least 1 and it.`,
  );
  const share = right / total;
  const scale = 1 + Z ** 2 / total;
  const centre = (share + Z ** 2 / (2 * total)) / scale;
  const half = (Z * Math.sqrt((share * (1 - share)) / total + Z ** 2 / (4 * total ** 2))) / scale;
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** How sure an evaluation is, and whether it is better than always naming the commonest class. */
export function certainty({ images, confusion }: Pick<Evaluation, 'images' | 'confusion'>): Certainty {
  const right = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
  const counts = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const chance = Math.max(...counts) / images;
  const interval = wilsonInterval(right, images);
  return { right, interval, chance, isBetterThanChance: interval.low > chance };
}
