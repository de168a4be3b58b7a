import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { check } from '../../core/errors.js';
import { nextTask } from '../../core/next-task.js';
import { Random } from '../../core/random.js';
import { takeValues } from '../../core/take-values.js';
import type { ColorPreprocessing } from '../../models/preprocessing.js';
import {
  checkAttackOptions,
  checkLabelled,
  type AttackOptions,
  type AttackResult,
  type Labelled,
} from './attack-options.js';
import type { Norm } from './ball.js';
import { colorsOfNetwork } from './image-range.js';
import { bestClasses, Victim, type Network } from './victim.js';

/** A batch that is attacked. */
export interface AttackedBatch {
  readonly victim: Victim;
  readonly images: tf.Tensor4D;
  /** The class of each image. */
  readonly labels: readonly number[];
  /** The class that each image is to be taken for, where there is one. */
  readonly targets: readonly number[] | undefined;
  readonly random: Random;
  /** To be awaited after each step: gives other work its turn, and throws where the attack is to stop. */
  readonly pause: () => Promise<void>;
}

/** How an attack goes. */
export interface AttackPlan {
  readonly name: string;
  /** Changes the images of a batch; they stay as they are, and the caller disposes of what is given. */
  readonly attack: (batch: AttackedBatch) => Promise<tf.Tensor4D>;
  readonly norm: Norm;
  /** Tries for an image that is not fooled yet. Default 1. */
  readonly restarts?: number;
  readonly targets?: readonly number[] | undefined;
  /** How many classes the network needs at least. Default 2. */
  readonly leastClasses?: number;
}

/** The result of an attack while it grows. */
interface Found {
  readonly values: Float32Array;
  readonly predicted: number[];
  readonly fooled: boolean[];
}

/**
 * Attacks the images that the network classifies as their labels say (with targets, those that it does not take for them), batch by
 * batch; those that an attack has not fooled are tried again, `restarts` times in all.
 */
export async function runAttack(
  network: Network,
  images: tf.Tensor4D,
  labels: readonly number[] | Int32Array | tf.Tensor1D,
  options: AttackOptions,
  plan: AttackPlan,
): Promise<AttackResult> {
  checkAttackOptions(options);
  const colors = colorsOfNetwork(network, options.preprocessing);
  await ready();
  const given = await checkLabelled(plan.name, network, images, labels);
  checkChannels(plan.name, images, colors);
  const { batchSize = 128, seed = 0, onProgress, signal } = options;
  const count = images.shape[0];
  const random = new Random(seed);
  const original = await images.data<'float32'>();
  const found: Found = {
    values: Float32Array.from(original),
    predicted: new Array<number>(count).fill(-1),
    fooled: new Array<boolean>(count).fill(false),
  };
  const pause = async () => {
    await nextTask();
    signal?.throwIfAborted();
  };
  const victim = new Victim(network, colors);
  try {
    for (let begin = 0; begin < count; begin += batchSize) {
      const places = Array.from({ length: Math.min(batchSize, count - begin) }, (_, i) => begin + i);
      await attackBatch(victim, given, places, random.split(), { plan, found, pause });
      onProgress?.(begin + places.length, count);
    }
  } finally {
    victim.dispose();
  }
  return {
    images: tf.tensor4d(found.values, images.shape),
    predicted: found.predicted,
    fooled: found.fooled,
    distances: distances(found.values, original, count, plan.norm),
    robustAccuracy: found.predicted.filter((seen, i) => seen === given.labels[i]).length / count,
  };
}

/** Throws unless the images have as many channels as the preprocessing, for tfjs would repeat a single one. */
function checkChannels(where: string, images: tf.Tensor4D, colors: ColorPreprocessing | undefined): void {
  const channels = images.shape[3];
  check(
    colors === undefined || channels === colors.mean.length,
    () =>
      `${where}: the images are [${images.shape}]; give images of ${colors?.mean.length} channels, as the preprocessing has.`,
  );
}

interface Course {
  readonly plan: AttackPlan;
  readonly found: Found;
  readonly pause: () => Promise<void>;
}

async function attackBatch(
  victim: Victim,
  { images, labels }: Labelled,
  places: readonly number[],
  random: Random,
  { plan, found, pause }: Course,
): Promise<void> {
  const { targets, restarts = 1 } = plan;
  const isFooled = (place: number, seen: number) =>
    targets ? seen === targets[place] : seen !== labels[place];
  const note = (place: number, seen: number) => {
    found.predicted[place] = seen;
    found.fooled[place] = isFooled(place, seen);
  };
  await withRows(images, places, async (rows) => {
    const scores = victim.scores(rows);
    try {
      checkClasses(scores.shape[1], plan, [...places.map((place) => labels[place]!), ...(targets ?? [])]);
      (await bestClasses(scores)).forEach((seen, i) => note(places[i]!, seen));
    } finally {
      scores.dispose();
    }
  });
  for (let restart = 0; restart < restarts; restart++) {
    const left = places.filter((place) => !found.fooled[place]);
    if (left.length === 0) return;
    await withRows(images, left, async (rows) => {
      const changed = await plan.attack({
        ...{ victim, images: rows, random, pause },
        labels: left.map((place) => labels[place]!),
        targets: targets && left.map((place) => targets[place]!),
      });
      const seen = await victim.predict(changed).catch((error: unknown) => {
        changed.dispose();
        throw error;
      });
      const values = await takeValues(changed);
      const size = values.length / left.length;
      left.forEach((place, i) => {
        note(place, seen[i]!);
        found.values.set(values.subarray(i * size, (i + 1) * size), place * size);
      });
    });
    await pause();
  }
}

/** Some images as a tensor for the time of `work`. */
async function withRows(
  images: tf.Tensor4D,
  places: readonly number[],
  work: (rows: tf.Tensor4D) => Promise<void>,
): Promise<void> {
  const rows = tf.tidy(() => tf.gather(images, tf.tensor1d([...places], 'int32')));
  try {
    await work(rows);
  } finally {
    rows.dispose();
  }
}

/** Throws unless the network has all of these classes, and enough of them. */
function checkClasses(
  classes: number,
  { name, leastClasses = 2 }: AttackPlan,
  wanted: readonly number[],
): void {
  check(
    classes >= leastClasses,
    () => `${name}: the network has ${classes} classes; this attack needs at least ${leastClasses}.`,
  );
  const unknown = wanted.find((label) => label >= classes);
  check(
    unknown === undefined,
    () => `${name}: the class ${unknown} is none of the network's; give whole numbers below ${classes}.`,
  );
}

/** How far each image is from what it was. */
function distances(values: Float32Array, original: Float32Array, count: number, norm: Norm): number[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, n) => {
    let most = 0;
    let squares = 0;
    for (let i = n * size; i < (n + 1) * size; i++) {
      const change = Math.abs(values[i]! - original[i]!);
      most = Math.max(most, change);
      squares += change * change;
    }
    return norm === 'linf' ? most : Math.sqrt(squares);
  });
}
