import { argMax } from '../../core/arg-max.js';
import { checkInteger, checkOptions } from '../../core/errors.js';
import { logSumExp } from '../../core/log-sum-exp.js';
import { BINS, CalibrationBins, type CalibrationBin } from '../../training/calibration-bins.js';
import type { LabelledLogits } from '../../training/collect-logits.js';
import { checkLabelled, mean, softmax } from '../labelled-logits.js';

/** How well a network's probabilities say how often it is right. Errors are from 0 (best) to 1, the Brier score to 2. */
export interface Calibration {
  /** Number of examples. */
  readonly examples: number;
  /** The share of examples whose class is the likeliest. */
  readonly accuracy: number;
  /** The mean probability of the likeliest class. */
  readonly confidence: number;
  /**
   * The distance of confidence and accuracy, its mean over bins of equal width by their examples (ECE; Guo et al. 2017,
   * arXiv 1706.04599).
   */
  readonly expectedError: number;
  /** The largest distance of a bin (MCE). */
  readonly maximumError: number;
  /** As `expectedError`, over bins of equally many examples (Nixon et al. 2019, arXiv 1904.01685, for the likeliest class). */
  readonly adaptiveError: number;
  /** As `expectedError`, of each class's probability, its mean over the classes (Kull et al. 2019, arXiv 1910.12656). */
  readonly classWiseError: number;
  /** The squared distance of the probabilities to 1 for the right class and 0 for the others, summed over classes (Brier 1950). */
  readonly brierScore: number;
  /** The mean cross-entropy. */
  readonly loss: number;
  /** The bins of `expectedError`, from 0 to 1: a reliability diagram. */
  readonly bins: readonly CalibrationBin[];
  /** The bins of `adaptiveError`. */
  readonly adaptiveBins: readonly CalibrationBin[];
}

/** Options of {@link measureCalibration}. */
export interface CalibrationOptions {
  /** Number of bins. Default 15. */
  readonly bins?: number;
}

/**
 * Measures how well probabilities are calibrated, in double precision.
 * @param predictions - As `collectLogits` gives them.
 * @throws ArgumentError where labels do not fit the logits, a row has no probabilities, or an option is out of range.
 */
export function measureCalibration(
  predictions: LabelledLogits,
  options: CalibrationOptions = {},
): Calibration {
  checkOptions('measureCalibration', options, { bins: true });
  const { bins: count = BINS } = options;
  checkInteger('bins', count, 1);
  const classes = checkLabelled('measureCalibration', predictions);
  const labels = Array.from(predictions.labels);
  const rows = predictions.logits.map(softmax);
  const likeliest = rows.map(argMax);
  const confidences = rows.map((row, i) => row[likeliest[i]!]!);
  const hits = labels.map((label, i) => label === likeliest[i]);
  const binned = (bins: CalibrationBins, values: readonly number[], rights: readonly boolean[]) => {
    values.forEach((value, i) => bins.add(value, rights[i]!));
    return bins;
  };
  const equal = binned(new CalibrationBins(count), confidences, hits);
  const adaptive = binned(new CalibrationBins(count, quantileBins(confidences, count)), confidences, hits);
  const ofClass = (c: number) =>
    binned(
      new CalibrationBins(count),
      rows.map((row) => row[c]!),
      labels.map((label) => label === c),
    ).error();
  const bins = equal.bins();
  return {
    examples: labels.length,
    accuracy: mean(hits.map(Number)),
    confidence: mean(confidences),
    expectedError: equal.error(),
    maximumError: Math.max(
      ...bins.map((bin) => (bin.images > 0 ? Math.abs(bin.confidence - bin.accuracy) : 0)),
    ),
    adaptiveError: adaptive.error(),
    classWiseError: mean(Array.from({ length: classes }, (_, c) => ofClass(c))),
    brierScore: mean(rows.map((row, i) => brier(row, labels[i]!))),
    loss: mean(predictions.logits.map((row, i) => logSumExp(row) - row[labels[i]!]!)),
    bins,
    adaptiveBins: adaptive.bins(),
  };
}

function brier(row: Float64Array, label: number): number {
  return row.reduce((sum, p, c) => sum + (p - (c === label ? 1 : 0)) ** 2, 0);
}

/** The bin of a value among bins between quantiles, which are interpolated as numpy does. Equal values share a bin. */
function quantileBins(values: readonly number[], count: number): (value: number) => number {
  const sorted = Float64Array.from(values).sort();
  const edges = Array.from({ length: count - 1 }, (_, i) => quantile(sorted, (i + 1) / count));
  return (value) => edges.filter((edge) => edge <= value).length;
}

function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const next = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return sorted[below]! + (place - below) * (next - sorted[below]!);
}
