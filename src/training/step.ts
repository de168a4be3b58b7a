import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { check, shown } from '../core/errors.js';
import type { Module } from '../core/module.js';
import { takeValues } from '../core/take-values.js';
import { disposeTensors, keepClones, sliceExamples } from '../core/tensors.js';
import type { CountedBatch } from './data/tensor-batches.js';
import type { Loss } from './losses.js';
import { measure, type Metrics } from './measure.js';
import { firstNonFinite } from './non-finite.js';
import type { Objective } from './objective.js';
import { scaledSums } from './optim/gradients.js';
import { randomFor } from './seeds.js';
import { valueAndGradients } from './value-and-gradients.js';

/** What one batch says. */
export interface BatchGradients {
  /** The mean over the examples. */
  readonly loss: number;
  /** Means over the examples. */
  readonly metrics: Record<string, number>;
  /** Of the mean loss, one for each path. */
  readonly gradients: tf.Tensor[];
}

/** How to compute {@link batchGradients}. */
export interface GradientOptions<Input, Output, Target> {
  readonly objective: Objective<Input, Output, Target>;
  readonly loss: Loss<Output, Target>;
  readonly metrics: Metrics<Output, Target>;
  /** Examples that go through the network at a time; gradients of several are averaged. */
  readonly microBatchSize: number;
  /** Whether blocks run again on the way back, to keep less in memory. */
  readonly recompute: boolean;
  /** Of dropout and stochastic depth. */
  readonly seed: number;
  readonly step: number;
}

/**
 * The gradients of the mean loss over a batch. Running statistics move.
 * @param paths - Of the parameters whose gradients are wanted.
 * @throws Error where the loss is not finite; it names the first layer whose output is not.
 */
export async function batchGradients<Input, Output, Target>(
  model: Module<Input, Output>,
  paths: readonly string[],
  batch: CountedBatch<Input, Target>,
  options: GradientOptions<Input, Output, Target>,
): Promise<BatchGradients> {
  const total = batch.examples;
  const sizes = partSizes(total, options.microBatchSize);
  if (sizes.length === 1) return partGradients(model, paths, batch, 0, options);
  let loss = 0;
  const metrics: Record<string, number> = {};
  let gradients: tf.Tensor[] = [];
  let begin = 0;
  try {
    for (const [i, size] of sizes.entries()) {
      const share = size / total;
      const part = partOf(batch, begin, size);
      const result = await partGradients(model, paths, part, i, options).finally(() => disposeTensors(part));
      gradients = addScaled(gradients, result.gradients, share);
      loss += share * result.loss;
      for (const [name, mean] of Object.entries(result.metrics))
        metrics[name] = (metrics[name] ?? 0) + share * mean;
      begin += size;
    }
    return { loss, metrics, gradients };
  } catch (error) {
    tf.dispose(gradients);
    throw error;
  }
}

/** The sums with the values times a factor; both are freed, the sums only where all goes well. */
function addScaled(sums: readonly tf.Tensor[], values: readonly tf.Tensor[], factor: number): tf.Tensor[] {
  try {
    const added = scaledSums(values, factor, sums);
    tf.dispose([...sums]);
    return added;
  } finally {
    tf.dispose([...values]);
  }
}

/** Some examples of a batch. The caller disposes of them. */
function partOf<Input, Target>(
  { x, y, examples }: CountedBatch<Input, Target>,
  begin: number,
  size: number,
): CountedBatch<Input, Target> {
  const part = sliceExamples(x, begin, size, examples, 'x');
  try {
    return { x: part, y: sliceExamples(y, begin, size, examples, 'y'), examples: size };
  } catch (error) {
    disposeTensors(part);
    throw error;
  }
}

/**
 * How many examples of a batch go through the network at a time: at most `size`, as even as it can be, so that none is left alone,
 * whose values are a batch norm's whole statistics. Of an odd batch in parts of 2, one part has 3.
 */
export function partSizes(examples: number, size: number): number[] {
  const most = size === 1 ? examples : Math.max(1, Math.floor(examples / 2));
  const count = Math.min(Math.ceil(examples / size), most);
  const place = (i: number) => Math.round((i * examples) / count);
  return Array.from({ length: count }, (_, i) => place(i + 1) - place(i));
}

async function partGradients<Input, Output, Target>(
  model: Module<Input, Output>,
  paths: readonly string[],
  { x, y }: CountedBatch<Input, Target>,
  part: number,
  { objective, loss, metrics, recompute, seed, step }: GradientOptions<Input, Output, Target>,
): Promise<BatchGradients> {
  // The same again for every call.
  const context = (): Context => ({
    training: true,
    random: randomFor(seed, 'forward', step, part),
    recompute,
  });
  const random = randomFor(seed, 'objective', step, part);
  const made = await objective.prepare(model, { x, y }, random);
  let output: Output | undefined;
  try {
    const forward = () => {
      const run = (input: Input) => model.forward(input, context());
      const given = objective.compute({ forward: run, x, y, made, loss });
      output = keepClones(given.output);
      return checkedLoss(given.loss);
    };
    const { value, gradients: all } = valueAndGradients(model, forward);
    const gradients = paths.map((path) => all[path]!);
    try {
      tf.dispose(Object.values(all).filter((gradient) => !gradients.includes(gradient)));
      const lossValue = (await takeValues(value))[0]!;
      if (!Number.isFinite(lossValue)) {
        throw notFinite(
          lossValue,
          step,
          firstNonFinite(model, () => model.forward(x, context())),
        );
      }
      return { loss: lossValue, metrics: await measure(metrics, output!, y), gradients };
    } catch (error) {
      tf.dispose(gradients);
      throw error;
    }
  } finally {
    disposeTensors([made, output]);
  }
}

function checkedLoss(value: tf.Scalar): tf.Scalar {
  check(
    value instanceof tf.Tensor && value.rank === 0,
    () =>
      `The loss gave ${(value as unknown) instanceof tf.Tensor ? `a tensor [${value.shape}]` : shown(value)}; give a scalar, such ` +
      'as tf.mean makes.',
  );
  return value;
}

function notFinite(loss: number, step: number, layer: string | undefined): Error {
  const where =
    layer === undefined
      ? 'The output of every layer is finite, so that it is the loss itself that overflows.'
      : `The first layer whose output is not finite is '${layer}'.`;
  return new Error(
    `The loss of step ${step} is ${loss}. ${where} Lower the learning rate, warm up longer, or clip the gradients.`,
  );
}
