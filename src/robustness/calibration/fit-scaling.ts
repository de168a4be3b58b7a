import { check, checkOneOf, checkOptions } from '../../core/errors.js';
import type { LabelledLogits } from '../../training/collect-logits.js';
import { checkLabelled, checkLogits, mean, softmax } from '../labelled-logits.js';
import { logSumExp } from '../../core/log-sum-exp.js';
import { minimize } from './lbfgs.js';

/** A change of logits that calibrates them: logit * scale + bias, for each class. */
export interface LogitScaling {
  /** One factor a class; with temperature scaling all are 1 / temperature. */
  readonly scale: readonly number[];
  /** One summand a class; with temperature scaling 0. */
  readonly bias: readonly number[];
}

/** Options of {@link fitScaling}. */
export interface FitScalingOptions {
  /**
   * `'temperature'` divides all logits by one number, so that the likeliest class stays (default). `'vector'` fits a factor and a
   * summand for each class, which needs more examples and may change the likeliest class.
   */
  readonly method?: 'temperature' | 'vector';
}

/**
 * The scaling of logits with the least cross-entropy on these examples (Guo et al. 2017, arXiv 1706.04599). The problem is convex,
 * and solved to rounding by L-BFGS.
 * @param predictions - Of examples that the network was not trained on.
 * @throws ArgumentError where labels do not fit the logits, or where no scaling is best: where the network is right about every
 * example, or is not better than guessing; with `'vector'` also where a class has no example.
 */
export function fitScaling(predictions: LabelledLogits, options: FitScalingOptions = {}): LogitScaling {
  checkOptions('fitScaling', options, { method: true });
  const { method = 'temperature' } = options;
  checkOneOf('method', method, ['temperature', 'vector']);
  const classes = checkLabelled('fitScaling', predictions);
  checkFinite(predictions.logits);
  checkHasMinimum(predictions);
  const bias = new Array<number>(classes).fill(0);
  if (method === 'temperature')
    return { scale: new Array<number>(classes).fill(fitFactor(predictions)), bias };
  checkEveryClass(predictions, classes);
  return fitVector(predictions, classes);
}

/** Rows of logits times the scale plus the bias. */
export function scaleLogits(logits: readonly ArrayLike<number>[], scaling: LogitScaling): Float64Array[] {
  const classes = checkLogits('scaleLogits', logits);
  const { scale, bias } = scaling;
  check(
    scale?.length === classes && bias?.length === classes,
    () =>
      `scaleLogits: the scaling is of ${scale?.length} classes and the logits of ${classes}; fit it on logits of this network.`,
  );
  return logits.map((row) => Float64Array.from(row, (logit, c) => logit * scale[c]! + bias[c]!));
}

function checkFinite(logits: readonly ArrayLike<number>[]): void {
  const row = logits.findIndex((row) => !Array.from(row).every(Number.isFinite));
  check(row < 0, () => `fitScaling: row ${row} has a logit that is not finite; give finite logits.`);
}

/** The loss is convex in the factor, so that its slope at 0 and at infinity says whether it has a minimum between. */
function checkHasMinimum({ logits, labels }: LabelledLogits): void {
  const isSure = logits.every((row, i) => Array.from(row).every((logit) => logit <= row[labels[i]!]!));
  check(
    !isSure,
    () =>
      `fitScaling: the network is right about all ${logits.length} examples, so that no temperature is small enough; give more ` +
      'examples, which it was not trained on.',
  );
  const slope = mean(logits.map((row, i) => mean(row) - row[labels[i]!]!));
  check(
    slope < 0,
    () =>
      'fitScaling: the logits of the right classes are no larger than the others, so that no temperature is large enough; ' +
      'check that the labels number the classes as the network does.',
  );
}

function checkEveryClass({ labels }: LabelledLogits, classes: number): void {
  const seen = new Set(Array.from(labels));
  const lacking = Array.from({ length: classes }, (_, c) => c).find((c) => !seen.has(c));
  check(
    lacking === undefined,
    () =>
      `fitScaling: class ${lacking} has no example, which vector scaling needs; give some, or method 'temperature'.`,
  );
}

/** 1 / temperature. */
function fitFactor({ logits, labels }: LabelledLogits): number {
  const { point } = minimize(([factor]) => {
    let value = 0;
    let slope = 0;
    logits.forEach((row, i) => {
      const scaled = Float64Array.from(row, (logit) => logit * factor!);
      value += logSumExp(scaled) - scaled[labels[i]!]!;
      softmax(scaled).forEach((p, c) => (slope += p * row[c]!));
      slope -= row[labels[i]!]!;
    });
    return { value: value / logits.length, gradient: Float64Array.of(slope / logits.length) };
  }, Float64Array.of(1));
  return point[0]!;
}

function fitVector({ logits, labels }: LabelledLogits, classes: number): LogitScaling {
  const start = new Float64Array(2 * classes).fill(1, 0, classes);
  const { point, isConverged } = minimize((parameters) => {
    const gradient = new Float64Array(2 * classes);
    let value = 0;
    logits.forEach((row, i) => {
      const scaled = Float64Array.from(row, (logit, c) => logit * parameters[c]! + parameters[classes + c]!);
      value += logSumExp(scaled) - scaled[labels[i]!]!;
      softmax(scaled).forEach((p, c) => {
        const error = (p - (c === labels[i] ? 1 : 0)) / logits.length;
        gradient[c]! += error * row[c]!;
        gradient[classes + c]! += error;
      });
    });
    return { value: value / logits.length, gradient };
  }, start);
  check(
    isConverged,
    () =>
      `fitScaling: vector scaling of ${classes} classes has no minimum on ${logits.length} examples; give more examples, or ` +
      "method 'temperature'.",
  );
  return { scale: Array.from(point.subarray(0, classes)), bias: Array.from(point.subarray(classes)) };
}
