import { argMax } from '../core/arg-max.js';
import { checkOneOf, checkOptions } from '../core/errors.js';
import type { LabelledLogits } from '../training/collect-logits.js';
import { checkLabelled, softmax } from './labelled-logits.js';

/** Options of {@link findLabelErrors}. */
export interface LabelErrorOptions {
  /**
   * `'noise-rate'`: of each pair of classes as many as the estimated noise says, those with the largest margin first, as cleanlab does by
   * default (default). `'confident-joint'`: every example that is confidently counted for another class than its label.
   */
  readonly method?: 'noise-rate' | 'confident-joint';
}

/** An example whose label is likely wrong. */
export interface LabelError {
  /** Its place among the examples. */
  readonly index: number;
  /** The class that it is labelled with. */
  readonly label: number;
  /** The class that the network finds likeliest. */
  readonly suggestion: number;
  /** The probability of its label: the smaller, the likelier it is wrong. */
  readonly selfConfidence: number;
}

/**
 * Likely errors in labels, by confident learning (Northcutt et al. 2021, arXiv 1911.00068; as the package cleanlab). An example counts for
 * the class whose probability is at least as large as its mean over the examples with that label; the counts say how often a class
 * is labelled as another.
 * @param predictions - Of a network that was not trained on these examples, such as by cross-validation.
 * @returns the likeliest errors first.
 * @throws ArgumentError where labels do not fit the logits, a row has no probabilities, or an option is out of range.
 */
export function findLabelErrors(predictions: LabelledLogits, options: LabelErrorOptions = {}): LabelError[] {
  checkOptions('findLabelErrors', options, { method: true });
  const { method = 'noise-rate' } = options;
  checkOneOf('method', method, ['noise-rate', 'confident-joint']);
  const classes = checkLabelled('findLabelErrors', predictions);
  const rows = predictions.logits.map(softmax);
  const labels = Array.from(predictions.labels);
  const counted = confidentClasses(rows, labels, classes);
  const found =
    method === 'confident-joint'
      ? labels.flatMap((label, i) => (counted[i] !== undefined && counted[i] !== label ? [i] : []))
      : byNoiseRate(rows, labels, confidentJoint(counted, labels, classes));
  return found
    .map((index): LabelError => {
      const [label, row] = [labels[index]!, rows[index]!];
      return { index, label, suggestion: argMax(row), selfConfidence: row[label]! };
    })
    .filter(({ index, label, suggestion }) => rows[index]![suggestion]! > rows[index]![label]! + 1e-6)
    .sort((a, b) => a.selfConfidence - b.selfConfidence || a.index - b.index);
}

/** For each example the class for which it counts; undefined where it is confident of none. */
function confidentClasses(
  rows: readonly Float64Array[],
  labels: readonly number[],
  classes: number,
): (number | undefined)[] {
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  labels.forEach((label, i) => {
    sums[label]! += rows[i]![label]!;
    counts[label]!++;
  });
  // No probability reaches the threshold of a class that no example is labelled with.
  const thresholds = sums.map((sum, c) => (counts[c]! > 0 ? Math.max(sum / counts[c]!, 2e-6) : 2));
  return rows.map((row) => {
    let best: number | undefined;
    row.forEach((p, c) => {
      if (p >= thresholds[c]! - 1e-6 && (best === undefined || p > row[best]!)) best = c;
    });
    return best;
  });
}

/** How many examples are labelled as one class, a row, and are of another, a column: counts that sum to the labels' in each row. */
function confidentJoint(
  counted: readonly (number | undefined)[],
  labels: readonly number[],
  classes: number,
): number[][] {
  const joint = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const totals = new Array<number>(classes).fill(0);
  labels.forEach((label, i) => {
    totals[label]!++;
    if (counted[i] !== undefined) joint[label]![counted[i]]!++;
  });
  return joint.map((row, label) => {
    row[label] = Math.max(1, row[label]!);
    const sum = row.reduce((a, b) => a + b, 0);
    return roundedWithSum(row.map((count) => (count / sum) * totals[label]!));
  });
}

/** Whole numbers near these, whose sum is the same: those furthest from their rounded values are changed by one. */
function roundedWithSum(values: readonly number[]): number[] {
  const whole = values.map(Math.round);
  const missing = Math.round(values.reduce((a, b) => a + b, 0)) - whole.reduce((a, b) => a + b, 0);
  const step = Math.sign(missing);
  const order = [...values.keys()].sort((a, b) => step * (values[b]! - whole[b]! - (values[a]! - whole[a]!)));
  for (const i of order.slice(0, Math.abs(missing))) whole[i]! += step;
  return whole;
}

/** Of the examples of each label, for every other class as many as the joint says, the largest margins first. */
function byNoiseRate(
  rows: readonly Float64Array[],
  labels: readonly number[],
  joint: readonly (readonly number[])[],
): number[] {
  const found = new Set<number>();
  joint.forEach((counts, label) => {
    const members = [...labels.keys()].filter((i) => labels[i] === label);
    if (members.length < 2) return;
    counts.forEach((count, other) => {
      if (other === label || count === 0) return;
      const margin = (i: number) => rows[i]![other]! - rows[i]![label]!;
      for (const i of [...members].sort((a, b) => margin(b) - margin(a)).slice(0, count)) found.add(i);
    });
  });
  return [...found];
}
