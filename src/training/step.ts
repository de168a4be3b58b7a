import '#gradients';
import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { takeValues } from '../core/take-values.js';
import { freeingTape } from '../core/tape.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { Preprocessing } from '../models/preprocessing.js';
import type { Batch } from './data/batches.js';
import { tensorsOf } from './inputs.js';
import type { Loss } from './losses.js';
import { firstNonFinite } from './non-finite.js';
import { scaledSums } from './optim/gradients.js';
import { randomFor } from './seeds.js';

/** What one batch says. */
export interface BatchGradients {
  /** The mean over the images. */
  readonly loss: number;
  /** Images whose likeliest class is the target's largest. */
  readonly right: number;
  /** Of the mean loss, one a variable. */
  readonly gradients: tf.Tensor[];
}

/** How to compute {@link batchGradients}. */
export interface GradientOptions {
  readonly loss: Loss;
  readonly preprocessing: Preprocessing;
  /** Images that go through the model at a time; gradients of several are averaged. */
  readonly microBatchSize: number;
  /** Whether blocks run again on the way back, to keep less in memory. */
  readonly recompute: boolean;
  /** Of dropout and stochastic depth. */
  readonly seed: number;
  readonly step: number;
}

/**
 * The gradients of the mean loss over a batch. Running statistics move.
 * @throws Error where the loss is not finite; it names the first layer whose output is not.
 */
export async function batchGradients(
  model: ImageClassifier,
  variables: readonly tf.Variable[],
  batch: Batch,
  options: GradientOptions,
): Promise<BatchGradients> {
  const total = batch.images.length;
  let loss = 0;
  let right = 0;
  let gradients: tf.Tensor[] = [];
  try {
    for (const [i, part] of parts(batch, options.microBatchSize).entries()) {
      const share = part.images.length / total;
      const result = await partGradients(model, variables, part, i, options);
      gradients = share === 1 ? result.gradients : addScaled(gradients, result.gradients, share);
      loss += share * result.loss;
      right += result.right;
    }
    return { loss, right, gradients };
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

/** The batch in as few parts of at most `size` images as it takes, as even as they can be. */
function parts({ images, targets }: Batch, size: number): Batch[] {
  const values = targets.length / images.length;
  const sizes = partSizes(images.length, size);
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b));
  return ends.map((end, i) => ({
    images: images.slice(end - sizes[i]!, end),
    targets: targets.slice((end - sizes[i]!) * values, end * values),
  }));
}

/**
 * How many images of a batch go through the model at a time: at most `size`, as even as it can be, so that none is left alone,
 * whose values are a batch norm's whole statistics. Of an odd batch in parts of 2, one part has 3.
 */
export function partSizes(images: number, size: number): number[] {
  const most = size === 1 ? images : Math.max(1, Math.floor(images / 2));
  const count = Math.min(Math.ceil(images / size), most);
  const place = (i: number) => Math.round((i * images) / count);
  return Array.from({ length: count }, (_, i) => place(i + 1) - place(i));
}

async function partGradients(
  model: ImageClassifier,
  variables: readonly tf.Variable[],
  batch: Batch,
  part: number,
  { loss, preprocessing, recompute, seed, step }: GradientOptions,
): Promise<BatchGradients> {
  // The same again for every call.
  const context = (): Context => ({
    training: true,
    random: randomFor(seed, 'forward', step, part),
    recompute,
  });
  const { x, targets } = tf.tidy(() => tensorsOf(batch, preprocessing));
  let hits: tf.Tensor | undefined;
  try {
    const forward = () => {
      const logits = model.forward(x, context());
      hits = tf.keep(countRight(logits, targets));
      return loss(logits, targets);
    };
    const { value, gradients } = freeingTape(() => {
      const { value, grads } = tf.variableGrads(forward, [...variables]);
      // tfjs leaves out what the loss does not depend on.
      return {
        value,
        gradients: variables.map((variable) => grads[variable.name] ?? tf.zerosLike(variable)),
      };
    });
    try {
      const lossValue = (await takeValues(value))[0]!;
      if (!Number.isFinite(lossValue)) {
        throw notFinite(
          lossValue,
          step,
          firstNonFinite(model, () => model.forward(x, context())),
        );
      }
      return { loss: lossValue, right: (await hits!.data())[0]!, gradients };
    } catch (error) {
      tf.dispose(gradients);
      throw error;
    }
  } finally {
    tf.dispose([x, targets, ...(hits ? [hits] : [])]);
  }
}

function countRight(logits: tf.Tensor2D, targets: tf.Tensor1D | tf.Tensor2D): tf.Tensor {
  return tf.tidy(() => {
    const wanted = targets.rank === 1 ? targets : tf.argMax(targets, 1);
    return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), wanted), 'float32'));
  });
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
