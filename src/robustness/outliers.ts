import { check, checkOneOf, checkOptions, checkPositive } from '../core/errors.js';
import { logSumExp } from '../core/log-sum-exp.js';
import { checkLogits, softmax } from './labelled-logits.js';

/** Options of {@link outlierScores}. */
export interface OutlierScoreOptions {
  /**
   * `'energy'`: -T log sum exp(logit / T) (Liu et al. 2020, arXiv 2010.03759), the default; `'max-softmax'`: 1 less the probability of the
   * likeliest class (Hendrycks and Gimpel 2017, arXiv 1610.02136).
   */
  readonly method?: 'energy' | 'max-softmax';
  /** T of the energy. Default 1. */
  readonly temperature?: number;
}

/** How well scores tell images of another kind from those that a network knows. */
export interface DetectionQuality {
  /** The probability that an image of another kind has the larger score: 0.5 is chance, 1 is perfect. */
  readonly auroc: number;
  /** The share of images of another kind that are taken for known ones where 95 % of the known ones are. */
  readonly falsePositiveRate95: number;
}

/**
 * How little a network knows about each example: the larger, the more it is out of the distribution that it was trained on.
 * @throws ArgumentError where a row has no probabilities, or an option is out of range.
 */
export function outlierScores(
  logits: readonly ArrayLike<number>[],
  options: OutlierScoreOptions = {},
): Float64Array {
  checkOptions('outlierScores', options, { method: true, temperature: true });
  const { method = 'energy', temperature = 1 } = options;
  checkOneOf('method', method, ['energy', 'max-softmax']);
  checkPositive('temperature', temperature);
  checkLogits('outlierScores', logits);
  const score = (row: ArrayLike<number>) =>
    method === 'energy'
      ? -temperature * logSumExp(Float64Array.from(row, (logit) => logit / temperature))
      : 1 - Math.max(...softmax(row));
  return Float64Array.from(logits, score);
}

/**
 * Judges scores by examples of which it is known whether they are of the network's kind.
 * @param known - Scores of examples of the network's kind.
 * @param unknown - Scores of others.
 * @throws ArgumentError where there are none, or one is NaN.
 */
export function measureDetection(known: ArrayLike<number>, unknown: ArrayLike<number>): DetectionQuality {
  const [inside, outside] = [sorted('known', known), sorted('unknown', unknown)];
  let pairs = 0;
  let below = 0;
  let upTo = 0;
  for (const score of outside) {
    while (inside[below]! < score) below++;
    while (inside[upTo]! <= score) upTo++;
    pairs += (below + upTo) / 2; // Of equal scores half count.
  }
  const threshold = inside[Math.ceil(0.95 * inside.length - 1e-9) - 1]!;
  return {
    auroc: pairs / inside.length / outside.length,
    falsePositiveRate95: outside.filter((score) => score <= threshold).length / outside.length,
  };
}

function sorted(name: string, scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores);
  check(
    values.length > 0 && !values.some(Number.isNaN),
    () =>
      `measureDetection: the ${name} scores are ${values.length}, NaN among them or none; give at least one number.`,
  );
  return values.sort();
}
