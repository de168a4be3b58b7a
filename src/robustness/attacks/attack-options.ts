import * as tf from '@tensorflow/tfjs-core';
import {
  check,
  checkInteger,
  checkModule,
  checkOneOf,
  checkPositive,
  shown,
  type OptionNames,
} from '../../core/errors.js';
import type { InputManner } from '../../vision/preprocess.js';
import { norms, type Norm } from './ball.js';
import type { Network } from './victim.js';

/** Options of every attack. */
export interface AttackOptions {
  /**
   * How images from 0 to 1 become the network's input: a model, its preprocessing, or Keras's name of one. Default the network's own
   * `preprocessing`; where it has none, it gets the images as they are.
   */
  readonly preprocessing?: InputManner;
  /** Images that are attacked together. Default 128. */
  readonly batchSize?: number;
  /** Of all that is drawn at random. Default 0. */
  readonly seed?: number;
  /** Called after each batch with the number of images so far. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two steps, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

/** The names of {@link AttackOptions}. */
export const attackOptionNames: OptionNames<AttackOptions> = {
  preprocessing: true,
  batchSize: true,
  seed: true,
  onProgress: true,
  signal: true,
};

/** Options of an attack that stays in a ball around each image. */
export interface BallOptions extends AttackOptions {
  /** How far an image may be changed, where its values are from 0 to 1: such as `8 / 255` for `'linf'`, or `0.5` for `'l2'`. */
  readonly radius: number;
  /** How the change is measured. Default `'linf'`. */
  readonly norm?: Norm;
}

/** The names of {@link BallOptions}. */
export const ballOptionNames: OptionNames<BallOptions> = { ...attackOptionNames, radius: true, norm: true };

/** What an attack made of images. */
export interface AttackResult {
  /**
   * The images after the attack, from 0 to 1: those that fool the network, and of the others the last try. The caller disposes of them.
   */
  readonly images: tf.Tensor4D;
  /** The class that the network sees in each of them. */
  readonly predicted: readonly number[];
  /** Whether each reached its aim: another class than the label, or the target. */
  readonly fooled: readonly boolean[];
  /** How far each was changed, in the attack's norm. */
  readonly distances: readonly number[];
  /** The share of images in which the network still sees the label's class. */
  readonly robustAccuracy: number;
}

/** What an attack is about. */
export interface Labelled {
  readonly images: tf.Tensor4D;
  readonly labels: readonly number[];
}

/** Throws unless these are options of every attack. */
export function checkAttackOptions({ batchSize = 128, seed = 0, signal, onProgress }: AttackOptions): void {
  checkInteger('batchSize', batchSize, 1);
  check(Number.isSafeInteger(seed), () => `seed is ${shown(seed)}; give an integer.`);
  check(
    signal === undefined || typeof signal.aborted === 'boolean',
    () => 'signal is no AbortSignal; give the signal of an AbortController.',
  );
  check(
    onProgress === undefined || typeof onProgress === 'function',
    () => `onProgress is ${shown(onProgress)}; give a function.`,
  );
}

/** Throws unless these are options of an attack in a ball. */
export function checkBall({ radius, norm = 'linf' }: BallOptions): void {
  checkPositive('radius', radius);
  checkOneOf('norm', norm, norms);
}

/**
 * Throws unless a network and images can be attacked, as far as that shows before the network runs.
 * @returns the images, and the labels as numbers.
 */
export async function checkLabelled(
  where: string,
  network: Network,
  images: tf.Tensor4D,
  labels: readonly number[] | Int32Array | tf.Tensor1D,
): Promise<Labelled> {
  checkModule(where, network);
  check(
    images instanceof tf.Tensor && images.rank === 4 && images.dtype === 'float32' && images.size > 0,
    () =>
      `${where}: the images are ${images instanceof tf.Tensor ? `${images.dtype} [${images.shape}]` : shown(images)}; give float32 ` +
      '[N, height, width, channels] from 0 to 1, such as preprocess(files, { ...model.preprocessing, ...unitPixels }).',
  );
  const [low, high] = await range(images);
  check(
    low >= 0 && high <= 1,
    () =>
      `${where}: the images have values from ${low} to ${high}; give values from 0 to 1, before any normalisation.`,
  );
  const count = images.shape[0];
  check(
    labels instanceof tf.Tensor || Array.isArray(labels) || ArrayBuffer.isView(labels),
    () => `${where}: the labels are ${shown(labels)}; give an array with the class of each image.`,
  );
  const list = Array.from(labels instanceof tf.Tensor ? await labels.data() : labels);
  check(
    list.length === count,
    () => `${where}: there are ${list.length} labels for ${count} images; give the class of each.`,
  );
  const wrong = list.findIndex((label) => !(Number.isInteger(label) && label >= 0));
  check(
    wrong === -1,
    () => `${where}: label ${wrong} is ${shown(list[wrong])}; give the class, a whole number from 0.`,
  );
  return { images, labels: list };
}

async function range(images: tf.Tensor4D): Promise<[number, number]> {
  const both = tf.tidy(() => tf.stack([tf.min(images), tf.max(images)]));
  try {
    const [low, high] = await both.data();
    return [low!, high!];
  } finally {
    both.dispose();
  }
}
