import { check, shown } from '../core/errors.js';
import { logSumExp } from '../core/log-sum-exp.js';
import type { LabelledLogits } from '../training/collect-logits.js';

/**
 * Number of classes.
 * @param where - What takes them, for messages.
 * @throws ArgumentError where rows are not as many as labels or of one length, a label is no class, or a row has no probabilities.
 */
export function checkLabelled(where: string, { logits, labels }: LabelledLogits): number {
  const classes = checkLogits(where, logits);
  check(
    labels?.length === logits.length,
    () =>
      `${where}: there are ${logits.length} rows of logits and ${labels?.length ?? 'no'} labels; give one label a row.`,
  );
  const other = Array.from(labels).findIndex((c) => !(Number.isInteger(c) && c >= 0 && c < classes));
  check(
    other < 0,
    () =>
      `${where}: label ${other} is ${shown(labels[other])}; give the number of a class, from 0 to ${classes - 1}.`,
  );
  return classes;
}

/**
 * Number of classes.
 * @throws ArgumentError where there is no row, rows differ in length, or one has no probabilities.
 */
export function checkLogits(where: string, logits: readonly ArrayLike<number>[]): number {
  check(
    Array.isArray(logits) && logits.length > 0 && typeof logits[0]?.length === 'number',
    () =>
      `${where}: the logits are ${shown(logits)}; give an array with a row for each example, as tensor.array() makes it.`,
  );
  const classes = logits[0]!.length;
  check(
    classes > 1,
    () => `${where}: a row of logits has ${classes} values; give at least two, one a class.`,
  );
  logits.forEach((row, i) => {
    check(
      row.length === classes,
      () =>
        `${where}: row ${i} has ${row.length} logits and the first one ${classes}; give rows of one length.`,
    );
    check(
      Number.isFinite(logSumExp(row)),
      () => `${where}: row ${i} of the logits gives no probabilities; give finite numbers, without NaN.`,
    );
  });
  return classes;
}

/** The probabilities of a row of logits, in double precision. */
export function softmax(row: ArrayLike<number>): Float64Array {
  const total = logSumExp(row);
  return Float64Array.from(row, (logit) => Math.exp(logit - total));
}

/** The mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
