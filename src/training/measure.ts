import * as tf from '@tensorflow/tfjs-core';
import { check, shown } from '../core/errors.js';
import { takeValues } from '../core/take-values.js';

/** A number that says how good a network's output is: the mean over the batch. */
export type Metric<Output = tf.Tensor2D, Target = tf.Tensor1D | tf.Tensor2D> = (
  output: Output,
  target: Target,
) => number | tf.Scalar;

/** Metrics by their names. */
export type Metrics<Output, Target> = Readonly<Record<string, Metric<Output, Target>>>;

/**
 * The share of examples, or of pixels, whose largest logit is that of the right class. Of soft targets the largest part is the
 * right class.
 * @param logits - [N, classes], or [N, height, width, classes].
 * @param targets - Classes, of the shape of the logits without the last axis, or soft targets of the logits' shape.
 * @throws ArgumentError where shapes do not fit.
 */
export function accuracy(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const found = tf.argMax(logits, -1);
    const wanted = targets.rank === logits.rank ? tf.argMax(targets, -1) : targets;
    check(
      tf.util.arraysEqual(found.shape, wanted.shape),
      () =>
        `accuracy: the targets are [${targets.shape}] for logits [${logits.shape}]; give [${found.shape}].`,
    );
    return tf.mean(tf.cast(tf.equal(found, tf.cast(wanted, 'int32')), 'float32'));
  });
}

/**
 * What metrics say of a batch.
 * @throws ArgumentError where one gives neither a number nor a scalar.
 */
export async function measure<Output, Target>(
  metrics: Metrics<Output, Target>,
  output: Output,
  target: Target,
): Promise<Record<string, number>> {
  const entries = Object.entries(metrics);
  if (entries.length === 0) return {};
  const values = tf.tidy(() => entries.map(([name, metric]) => checked(name, metric(output, target))));
  try {
    const numbers = values.map((value) => (typeof value === 'number' ? value : takeValues(value)));
    const read = await Promise.all(numbers);
    return Object.fromEntries(
      entries.map(([name], i) => {
        const value = read[i]!;
        return [name, typeof value === 'number' ? value : value[0]!];
      }),
    );
  } finally {
    tf.dispose(values);
  }
}

/** A clone, since a metric may give a tensor of the batch. */
function checked(name: string, value: number | tf.Tensor): number | tf.Tensor {
  check(
    typeof value === 'number' || (value instanceof tf.Tensor && value.size === 1),
    () =>
      `The metric ${name} gave ${value instanceof tf.Tensor ? `a tensor [${value.shape}]` : shown(value)}; give a number or a scalar, ` +
      'such as tf.mean makes.',
  );
  return typeof value === 'number' ? value : tf.clone(value);
}

/** Means of batches, summed up over their examples. */
export class Means {
  /** @param sums - To be added to. */
  constructor(readonly sums: Record<string, number> = {}) {}

  /** Takes the means of a batch. */
  add(examples: number, means: Readonly<Record<string, number>>): void {
    for (const [name, mean] of Object.entries(means)) {
      this.sums[name] = (this.sums[name] ?? 0) + mean * examples;
    }
  }

  /** The means over all examples. */
  of(examples: number): Record<string, number> {
    return Object.fromEntries(Object.entries(this.sums).map(([name, sum]) => [name, sum / examples]));
  }
}
