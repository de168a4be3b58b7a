import { check } from '../core/errors.js';
import { logSumExp } from '../core/log-sum-exp.js';
import type { Subject } from './subject.js';

/** The logits of one image of a batch. */
export function rowOf(logits: Float32Array, row: number, classes: number): Float32Array {
  return logits.subarray(row * classes, (row + 1) * classes);
}

/** What an image's logits give the target. */
export function scoreOf(
  { method, output }: Pick<Subject, 'method' | 'output'>,
  row: Float32Array,
  target: number,
): number {
  check(
    row.every(Number.isFinite),
    () => `${method}: the network gave scores that are not finite; check its weights and the images.`,
  );
  if (output === 'logit') return row[target]!;
  return Math.exp(row[target]! - logSumExp(row));
}

/** The sum of values. */
export function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
