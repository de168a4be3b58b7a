import * as tf from '@tensorflow/tfjs-core';
import { check, checkInteger, checkOptions, shown, type OptionNames } from '../../core/errors.js';
import { takeValues } from '../../core/take-values.js';
import { ballOptionNames, checkBall, type AttackResult, type BallOptions } from './attack-options.js';
import { runAttack, type AttackedBatch } from './run-attack.js';
import { changeSquare, firstChange, type Picture } from './squares.js';
import type { Network } from './victim.js';

/** Options of {@link squareAttack}. */
export interface SquareAttackOptions extends BallOptions {
  /** How often the network is asked about an image at most. Default 5000. */
  readonly queries?: number;
  /** The share of an image's pixels that the first squares cover, above 0 and at most 1. Default 0.8. */
  readonly firstShare?: number;
  /** Tries for images that are not fooled yet. Default 1. */
  readonly restarts?: number;
}

const optionNames: OptionNames<SquareAttackOptions> = {
  ...ballOptionNames,
  queries: true,
  firstShare: true,
  restarts: true,
};

/**
 * The square attack: changes a random square of each image, and keeps the change where the margin of the right class gets smaller. It
 * asks for scores only, so that it works on networks without gradients, and finds out where gradients are hidden rather than the
 * network robust. Source: Andriushchenko et al. 2019, arXiv 1912.00049.
 * @param network - Any module that ends in scores of classes, [N, classes].
 * @param images - [N, height, width, channels] of float32, from 0 to 1; they stay the caller's.
 * @param labels - The class of each image. Images that the network does not see so stay as they are.
 * @throws ArgumentError where an option is out of range, the images are not from 0 to 1, a label is none of the network's
 * classes, or a score is NaN.
 */
export async function squareAttack(
  network: Network,
  images: tf.Tensor4D,
  labels: readonly number[] | Int32Array | tf.Tensor1D,
  options: SquareAttackOptions,
): Promise<AttackResult> {
  checkOptions('squareAttack', options, optionNames);
  checkBall(options);
  const { norm = 'linf', radius, queries = 5000, firstShare = 0.8, restarts = 1 } = options;
  checkInteger('queries', queries, 1);
  checkInteger('restarts', restarts, 1);
  check(
    typeof firstShare === 'number' && firstShare > 0 && firstShare <= 1,
    () => `firstShare is ${shown(firstShare)}; give a number above 0 and at most 1.`,
  );
  const attack = (batch: AttackedBatch) => search(batch, { norm, radius, queries, firstShare });
  return runAttack(network, images, labels, options, { name: 'squareAttack', attack, norm, restarts });
}

type Course = Required<Pick<SquareAttackOptions, 'norm' | 'radius' | 'queries' | 'firstShare'>>;

async function search(batch: AttackedBatch, course: Course): Promise<tf.Tensor4D> {
  const { images, labels, random, pause } = batch;
  const { norm, radius, queries, firstShare } = course;
  const [count, height, width, channels] = images.shape;
  const size = height * width * channels;
  const original = await images.data<'float32'>();
  const best = new Float32Array(original.length);
  const pictureOf = (place: number): Picture => ({
    ...{ height, width, channels, norm, radius },
    original: original.subarray(place * size, (place + 1) * size),
  });
  for (let i = 0; i < count; i++) best.set(firstChange(pictureOf(i), random), i * size);
  const all = labels.map((_, i) => i);
  const margins = await marginsOf(batch, best, all);
  for (let query = 1; query < queries; query++) {
    const left = all.filter((place) => margins[place]! > 0);
    if (left.length === 0) break;
    const tried = new Float32Array(left.length * size);
    const share = shareOf(query - 1, queries, firstShare);
    left.forEach((place, i) => {
      const now = best.subarray(place * size, (place + 1) * size);
      tried.set(changeSquare(pictureOf(place), now, share, random), i * size);
    });
    const found = await marginsOf(batch, tried, left);
    left.forEach((place, i) => {
      if (found[i]! >= margins[place]!) return;
      margins[place] = found[i]!;
      best.set(tried.subarray(i * size, (i + 1) * size), place * size);
    });
    await pause();
  }
  return tf.tensor4d(best, images.shape);
}

/** How far the label's score is above the highest other one, of each image; not above 0 where the network is fooled. */
async function marginsOf(
  { victim, images, labels }: AttackedBatch,
  values: Float32Array,
  places: readonly number[],
): Promise<number[]> {
  const [, height, width, channels] = images.shape;
  const scores = tf.tidy(() =>
    victim.scores(tf.tensor4d(values.slice(), [places.length, height, width, channels])),
  );
  const [, classes] = scores.shape;
  const rows = await takeValues(scores);
  return places.map((place, i) => {
    const row = rows.subarray(i * classes, (i + 1) * classes);
    const own = row[labels[place]!]!;
    return (
      own - row.reduce((most, score, c) => (c === labels[place] ? most : Math.max(most, score)), -Infinity)
    );
  });
}

/** Queries, of 10,000, up to which the share of the pixels is halved once, twice, …: the paper's table. */
const halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** The share of the pixels that a square covers: smaller and smaller squares as the search goes on. */
function shareOf(query: number, queries: number, first: number): number {
  const scaled = Math.trunc((query / queries) * 10_000);
  return first / 2 ** halvings.filter((from) => scaled > from).length;
}
