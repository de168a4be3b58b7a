import * as tf from '@tensorflow/tfjs-core';
import {
  check,
  checkBoolean,
  checkInteger,
  checkOptions,
  checkPositive,
  shown,
  type OptionNames,
} from '../../core/errors.js';
import { ballOptionNames, checkBall, type AttackResult, type BallOptions } from './attack-options.js';
import { project, randomStart, steepest, type Norm } from './ball.js';
import { crossEntropyOf, towards, type ExampleLoss } from './losses.js';
import { runAttack, type AttackedBatch } from './run-attack.js';
import type { Network, Victim } from './victim.js';

/** Options of {@link fgsm}. */
export interface FgsmOptions extends BallOptions {
  /** The class that every image, or each, is to be taken for. Default none: any class but the label. */
  readonly target?: number | readonly number[];
}

/** Options of {@link pgd}. */
export interface PgdOptions extends FgsmOptions {
  /** Steps of a try. Default 10. */
  readonly steps?: number;
  /** Length of a step, in the norm of the radius. Default 2.5 * radius / steps, so that any point of the ball can be reached. */
  readonly stepSize?: number;
  /** Whether a try begins at a random place of the ball. Default true. */
  readonly randomStart?: boolean;
  /** Tries from other random places for images that are not fooled yet. Default 1. */
  readonly restarts?: number;
}

const fgsmOptionNames: OptionNames<FgsmOptions> = { ...ballOptionNames, target: true };
const pgdOptionNames: OptionNames<PgdOptions> = {
  ...fgsmOptionNames,
  steps: true,
  stepSize: true,
  randomStart: true,
  restarts: true,
};

/**
 * The fast gradient sign method: one step of the size of the radius, up the gradient of the cross-entropy. Source: Goodfellow et al.
 * 2014, arXiv 1412.6572.
 * @param network - Any module that ends in scores of classes, [N, classes].
 * @param images - [N, height, width, channels] of float32, from 0 to 1; they stay the caller's.
 * @param labels - The class of each image. Images that the network does not see so stay as they are.
 * @throws ArgumentError where an option is out of range, the images are not from 0 to 1, a label is none of the network's
 * classes, or an operation of the network has no gradient.
 */
export async function fgsm(
  network: Network,
  images: tf.Tensor4D,
  labels: readonly number[] | Int32Array | tf.Tensor1D,
  options: FgsmOptions,
): Promise<AttackResult> {
  checkOptions('fgsm', options, fgsmOptionNames);
  checkBall(options);
  const walk = { norm: options.norm ?? 'linf', radius: options.radius, stepSize: options.radius, steps: 1 };
  const attack = (batch: AttackedBatch) =>
    ascend(batch.victim, batch.images, batch.images, lossOf(batch), walk);
  const targets = targetsOf(options, images);
  return runAttack(network, images, labels, options, { name: 'fgsm', attack, norm: walk.norm, targets });
}

/**
 * Projected gradient descent: steps up the gradient of the cross-entropy, each followed by the way back into the ball. Of each try
 * the last place counts, as in the paper. Source: Madry et al. 2017, arXiv 1706.06083.
 * @param network - As of {@link fgsm}.
 * @param images - As of {@link fgsm}.
 * @param labels - As of {@link fgsm}.
 * @throws ArgumentError as {@link fgsm}.
 */
export async function pgd(
  network: Network,
  images: tf.Tensor4D,
  labels: readonly number[] | Int32Array | tf.Tensor1D,
  options: PgdOptions,
): Promise<AttackResult> {
  checkOptions('pgd', options, pgdOptionNames);
  const walk = walkOf(options);
  const { randomStart: isRandom = true, restarts = 1, radius } = options;
  checkBoolean('randomStart', isRandom);
  checkInteger('restarts', restarts, 1);
  check(
    isRandom || restarts === 1,
    () => `restarts is ${restarts} without randomStart; every try would be the same. Leave one of them out.`,
  );
  const { norm } = walk;
  const attack = async (batch: AttackedBatch) => {
    const { victim, images, random, pause } = batch;
    const start = isRandom ? tf.tidy(() => randomStart(images, radius, norm, random)) : tf.clone(images);
    try {
      return await ascend(victim, images, start, lossOf(batch), walk, pause);
    } finally {
      start.dispose();
    }
  };
  const targets = targetsOf(options, images);
  return runAttack(network, images, labels, options, { name: 'pgd', attack, norm, restarts, targets });
}

/** How {@link ascend} goes. */
export interface Walk {
  readonly norm: Norm;
  readonly radius: number;
  readonly stepSize: number;
  readonly steps: number;
}

/** The walk of checked options. */
export function walkOf(options: Pick<PgdOptions, 'radius' | 'norm' | 'steps' | 'stepSize'>): Walk {
  checkBall(options);
  const { radius, norm = 'linf', steps = 10 } = options;
  checkInteger('steps', steps, 1);
  const { stepSize = (2.5 * radius) / steps } = options;
  checkPositive('stepSize', stepSize);
  return { norm, radius, stepSize, steps };
}

/** Steps from `start` that make the loss large, within the ball around `images`. The caller disposes of what is given. */
export async function ascend(
  victim: Victim,
  images: tf.Tensor4D,
  start: tf.Tensor4D,
  loss: ExampleLoss,
  { norm, radius, stepSize, steps }: Walk,
  pause?: () => Promise<void>,
): Promise<tf.Tensor4D> {
  let place = tf.clone(start);
  try {
    for (let step = 0; step < steps; step++) {
      const next = tf.tidy(() => {
        const { gradients, ...others } = victim.gradients(place, loss);
        tf.dispose(others);
        return project(tf.add(place, tf.mul(steepest(gradients, norm), stepSize)), images, radius, norm);
      });
      place.dispose();
      place = next;
      await pause?.();
    }
    return place;
  } catch (error) {
    place.dispose();
    throw error;
  }
}

function lossOf({ labels, targets }: AttackedBatch): ExampleLoss {
  return targets ? towards(targets) : crossEntropyOf(labels);
}

/** The target of each image. */
function targetsOf({ target }: FgsmOptions, images: tf.Tensor4D): readonly number[] | undefined {
  if (target === undefined) return undefined;
  const count = images.shape[0];
  const targets = typeof target === 'number' ? new Array<number>(count).fill(target) : [...target];
  check(
    targets.length === count && targets.every((each) => Number.isInteger(each) && each >= 0),
    () =>
      `target is ${typeof target === 'number' ? target : `${shown(target)} of ${targets.length}`} for ${count} images; give a ` +
      'class, or one for each image.',
  );
  return targets;
}
