import * as tf from '@tensorflow/tfjs-core';
import { checkAtLeastZero, checkInteger, checkOptions, type OptionNames } from '../../core/errors.js';
import { takeValues } from '../../core/take-values.js';
import { attackOptionNames, type AttackOptions, type AttackResult } from './attack-options.js';
import type { ExampleLoss } from './losses.js';
import { runAttack, type AttackedBatch } from './run-attack.js';
import type { Network } from './victim.js';

/** Options of {@link deepFool}. */
export interface DeepFoolOptions extends AttackOptions {
  /** Steps at most. Default 50. */
  readonly steps?: number;
  /** How much further than the border a step goes. Default 0.02. */
  readonly overshoot?: number;
  /** How many of the classes with the highest scores are looked at. Default 10. */
  readonly candidates?: number;
}

const optionNames: OptionNames<DeepFoolOptions> = {
  ...attackOptionNames,
  steps: true,
  overshoot: true,
  candidates: true,
};

/**
 * DeepFool: the smallest change, in the L2 norm, that makes a network see another class, by steps to the nearest border between
 * classes as it would be if the network were linear. No radius: the `distances` of the result say how far each image had to be changed.
 * Source: Moosavi-Dezfooli et al. 2015, arXiv 1511.04599.
 * @param network - Any module that ends in scores of classes, [N, classes].
 * @param images - [N, height, width, channels] of float32, from 0 to 1; they stay the caller's.
 * @param labels - The class of each image. Images that the network does not see so stay as they are.
 * @throws ArgumentError where an option is out of range, the images are not from 0 to 1, a label is none of the network's
 * classes, or an operation of the network has no gradient.
 */
export async function deepFool(
  network: Network,
  images: tf.Tensor4D,
  labels: readonly number[] | Int32Array | tf.Tensor1D,
  options: DeepFoolOptions = {},
): Promise<AttackResult> {
  checkOptions('deepFool', options, optionNames);
  const { steps = 50, overshoot = 0.02, candidates = 10 } = options;
  checkInteger('steps', steps, 1);
  checkAtLeastZero('overshoot', overshoot);
  checkInteger('candidates', candidates, 2);
  const attack = (batch: AttackedBatch) => approach(batch, { steps, overshoot, candidates });
  return runAttack(network, images, labels, options, { name: 'deepFool', attack, norm: 'l2' });
}

type Course = Required<Pick<DeepFoolOptions, 'steps' | 'overshoot' | 'candidates'>>;

async function approach(
  { victim, images, labels, pause }: AttackedBatch,
  { steps, overshoot, candidates }: Course,
): Promise<tf.Tensor4D> {
  let now = tf.clone(images);
  try {
    for (let step = 0; step < steps; step++) {
      const scores = await rowsOf(victim.scores(now));
      const isLeft = scores.map((row, i) => !row.some((score) => score > row[labels[i]!]!));
      if (!isLeft.includes(true)) break;
      const nearest = new Nearest(labels.length, isLeft);
      for (let rank = 0; rank < Math.min(candidates, scores[0]!.length) - 1; rank++) {
        const others = scores.map((row, i) => otherOfRank(row, labels[i]!, rank));
        const lifts = scores.map((row, i) => row[others[i]!]! - row[labels[i]!]!);
        const { gradients, ...rest } = victim.gradients(now, liftOf(others, labels));
        tf.dispose(rest);
        await nearest.offer(gradients, lifts);
        await pause();
      }
      const next = tf.tidy(() =>
        tf.clipByValue(tf.add<tf.Tensor4D>(now, tf.mul(nearest.step(images.shape), 1 + overshoot)), 0, 1),
      );
      now.dispose();
      now = next;
    }
    return now;
  } catch (error) {
    now.dispose();
    throw error;
  }
}

/** How far the other class's score is above the label's. */
function liftOf(others: readonly number[], labels: readonly number[]): ExampleLoss {
  return (scores) => {
    const hot = (classes: readonly number[]) => tf.oneHot([...classes], scores.shape[1], 1, 0, 'float32');
    return tf.sum(tf.mul(scores, tf.sub(hot(others), hot(labels))), 1);
  };
}

/** The nearest border found so far for each image, and the step to it. */
class Nearest {
  readonly #distance: number[];
  readonly #steps: (Float32Array | undefined)[];

  constructor(
    images: number,
    readonly isLeft: readonly boolean[],
  ) {
    this.#distance = new Array<number>(images).fill(Infinity);
    this.#steps = new Array<undefined>(images).fill(undefined);
  }

  /** Takes the border to another class of each image; the gradients are freed. A class whose score does not move has none. */
  async offer(gradients: tf.Tensor4D, lifts: readonly number[]): Promise<void> {
    const values = await takeValues(gradients);
    const size = values.length / lifts.length;
    lifts.forEach((lift, i) => {
      if (!this.isLeft[i]) return;
      const gradient = values.subarray(i * size, (i + 1) * size);
      const squares = gradient.reduce((sum, value) => sum + value * value, 0);
      const distance = Math.abs(lift) / Math.sqrt(squares);
      if (!(squares > 0) || !(distance < this.#distance[i]!)) return;
      this.#distance[i] = distance;
      // A little more than nothing, so that a tie is left, too.
      const factor = Math.max(Math.abs(lift), 1e-4) / squares;
      this.#steps[i] = gradient.map((value) => value * factor);
    });
  }

  /** The step of each image; zero where there is no border. */
  step(shape: [number, number, number, number]): tf.Tensor4D {
    const size = shape[1] * shape[2] * shape[3];
    const values = new Float32Array(shape[0] * size);
    this.#steps.forEach((step, i) => step && values.set(step, i * size));
    return tf.tensor4d(values, shape);
  }
}

/** The class of the `rank`-th highest score, from 0, that is not the label. */
function otherOfRank(scores: readonly number[], label: number, rank: number): number {
  const others = scores.map((score, place) => ({ score, place })).filter(({ place }) => place !== label);
  return others.sort((a, b) => b.score - a.score)[rank]!.place;
}

async function rowsOf(scores: tf.Tensor2D): Promise<number[][]> {
  const [images, classes] = scores.shape;
  const values = Array.from(await takeValues(scores));
  return Array.from({ length: images }, (_, i) => values.slice(i * classes, (i + 1) * classes));
}
