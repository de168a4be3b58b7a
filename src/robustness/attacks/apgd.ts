import * as tf from '@tensorflow/tfjs-core';
import { checkInteger, checkOneOf, checkOptions, type OptionNames } from '../../core/errors.js';
import { disposeTensors, tidied } from '../../core/tensors.js';
import { ballOptionNames, checkBall, type AttackResult, type BallOptions } from './attack-options.js';
import { project, randomStart, steepest, type Norm } from './ball.js';
import { crossEntropyOf, differenceOfLogitsRatio, type ExampleLoss } from './losses.js';
import { runAttack, type AttackedBatch } from './run-attack.js';
import { StepSizes, type StepJudgement } from './step-sizes.js';
import { bestClasses, type Network } from './victim.js';

/** Options of {@link apgd}. */
export interface ApgdOptions extends BallOptions {
  /**
   * What is made large: the cross-entropy, `'ce'`, or the difference of logits ratio, `'dlr'`, which works as well where the scores of
   * a network are far apart. Default `'ce'`.
   */
  readonly loss?: 'ce' | 'dlr';
  /** Steps of a try. Default 100. */
  readonly steps?: number;
  /** Tries from other random places for images that are not fooled yet. Default 1. */
  readonly restarts?: number;
}

const optionNames: OptionNames<ApgdOptions> = { ...ballOptionNames, loss: true, steps: true, restarts: true };

/** How much of the last change a step keeps. */
const MOMENTUM = 0.25;

/**
 * Auto-PGD: projected gradient descent with momentum, whose step size is halved, image by image, where the loss no longer grows, and
 * which then goes on from the best place. Source: Croce and Hein 2020, arXiv 2003.01690.
 * @param network - Any module that ends in scores of classes, [N, classes]; of three or more classes for `'dlr'`.
 * @param images - [N, height, width, channels] of float32, from 0 to 1; they stay the caller's.
 * @param labels - The class of each image. Images that the network does not see so stay as they are.
 * @throws ArgumentError where an option is out of range, the images are not from 0 to 1, a label is none of the network's
 * classes, or an operation of the network has no gradient.
 */
export async function apgd(
  network: Network,
  images: tf.Tensor4D,
  labels: readonly number[] | Int32Array | tf.Tensor1D,
  options: ApgdOptions,
): Promise<AttackResult> {
  checkOptions('apgd', options, optionNames);
  checkBall(options);
  const { norm = 'linf', radius, loss = 'ce', steps = 100, restarts = 1 } = options;
  checkOneOf('loss', loss, ['ce', 'dlr']);
  checkInteger('steps', steps, 1);
  checkInteger('restarts', restarts, 1);
  const leastClasses = loss === 'dlr' ? 3 : 2;
  const lossOf = loss === 'dlr' ? differenceOfLogitsRatio : crossEntropyOf;
  const attack = (batch: AttackedBatch) => climb(batch, lossOf(batch.labels), { norm, radius, steps });
  return runAttack(network, images, labels, options, { name: 'apgd', attack, norm, restarts, leastClasses });
}

interface Course {
  readonly norm: Norm;
  readonly radius: number;
  readonly steps: number;
}

/** Where each image is, and where it was. */
interface Places {
  readonly now: tf.Tensor4D;
  readonly before: tf.Tensor4D;
  readonly gradients: tf.Tensor4D;
  /** Where the loss was largest. */
  readonly best: tf.Tensor4D;
  readonly bestGradients: tf.Tensor4D;
  /** The last place that fooled the network. */
  readonly fooling: tf.Tensor4D;
}

/** One try of the attack on a batch. */
async function climb(batch: AttackedBatch, loss: ExampleLoss, course: Course): Promise<tf.Tensor4D> {
  const { victim, images, labels, random, pause } = batch;
  const { norm, radius, steps } = course;
  const start = tf.tidy(() => randomStart(images, radius, norm, random));
  const isFooled = labels.map(() => false);
  const judge = async (place: tf.Tensor4D) => {
    const { scores, losses, gradients } = victim.gradients(place, loss);
    try {
      const missed = (await bestClasses(scores)).map((seen, i) => seen !== labels[i]);
      missed.forEach((each, i) => (isFooled[i] ||= each));
      return { gradients, missed, losses: Array.from(await losses.data()) };
    } catch (error) {
      gradients.dispose();
      throw error;
    } finally {
      tf.dispose([scores, losses]);
    }
  };
  let places: Places | undefined;
  try {
    const first = await judge(start);
    places = begin(start, first.gradients);
    const sizes = new StepSizes(first.losses, 2 * radius, steps);
    for (let step = 0; step < steps; step++) {
      const next = tf.tidy(() => moved(places!, images, sizes.sizes, step === 0, course));
      const after = await judge(next).catch((error: unknown) => {
        next.dispose();
        throw error;
      });
      const masks = { ...sizes.add(after.losses), missed: after.missed };
      const old: Places = places!;
      places = tidied(() => arrived(old, next, after.gradients, masks));
      tf.dispose([next, after.gradients]);
      disposeTensors(old);
      await pause();
    }
    const { fooling, best } = places!;
    return tf.tidy(() => chosen(isFooled, fooling, best));
  } finally {
    start.dispose();
    disposeTensors(places);
  }
}

/** The places of images that have not moved yet. */
function begin(start: tf.Tensor4D, gradients: tf.Tensor4D): Places {
  const places = tidied(() => {
    const [now, before, best, fooling] = [1, 2, 3, 4].map(() => tf.clone(start)) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    return { now, before, best, fooling, gradients: tf.clone(gradients), bestGradients: tf.clone(gradients) };
  });
  gradients.dispose();
  return places;
}

/** Where a step with momentum leads. */
function moved(
  { now, before, gradients }: Places,
  images: tf.Tensor4D,
  sizes: readonly number[],
  isFirst: boolean,
  { norm, radius }: Course,
): tf.Tensor4D {
  const size = tf.tensor4d([...sizes], [sizes.length, 1, 1, 1]);
  const stepped = project(tf.add(now, tf.mul(steepest(gradients, norm), size)), images, radius, norm);
  if (isFirst) return stepped;
  const change = tf.add(tf.mul(tf.sub(stepped, now), 1 - MOMENTUM), tf.mul(tf.sub(now, before), MOMENTUM));
  return project(tf.add(now, change), images, radius, norm);
}

/** The places after a step to `next`. */
function arrived(
  places: Places,
  next: tf.Tensor4D,
  gradients: tf.Tensor4D,
  { isBest, isHalved, missed }: StepJudgement & { readonly missed: readonly boolean[] },
): Places {
  const best = chosen(isBest, next, places.best);
  const bestGradients = chosen(isBest, gradients, places.bestGradients);
  return {
    now: chosen(isHalved, best, next),
    gradients: chosen(isHalved, bestGradients, gradients),
    before: tf.clone(places.now),
    fooling: chosen(missed, next, places.fooling),
    ...{ best, bestGradients },
  };
}

/** Of each image the one or the other. */
function chosen(isFirst: readonly boolean[], first: tf.Tensor4D, second: tf.Tensor4D): tf.Tensor4D {
  if (isFirst.every((each) => each)) return tf.clone(first);
  if (!isFirst.includes(true)) return tf.clone(second);
  return tf.where(tf.tensor4d([...isFirst], [isFirst.length, 1, 1, 1], 'bool'), first, second);
}
