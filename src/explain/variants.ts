import * as tf from '@tensorflow/tfjs-core';
import { argMax } from '../core/arg-max.js';
import { nextTask } from '../core/next-task.js';
import type { Explanation, Superpixels } from './explanation.js';
import { inputGradients, logitsOf } from './passes.js';
import { rowOf, scoreOf, total } from './scores.js';
import { imageValues, type Subject } from './subject.js';

/** What a method finds for one image. */
export type Found = Pick<Explanation, 'map'> &
  Partial<Pick<Explanation, 'values' | 'expectedSum'>> & {
    readonly superpixels?: Superpixels;
    /** What only this image has, such as how well a surrogate fits. */
    readonly more?: Readonly<Record<string, unknown>>;
  };

/** The class of an image, and what the network gives it. */
export interface Scored {
  readonly target: number;
  readonly score: number;
}

/** Counts passes through the network, and lets others have their turn between two batches. */
export class Progress {
  #done = 0;

  constructor(
    readonly subject: Subject,
    readonly total: number,
  ) {}

  async add(passes: number): Promise<void> {
    this.#done += passes;
    this.subject.onProgress?.(this.#done, this.total);
    await nextTask();
    this.subject.signal?.throwIfAborted();
  }
}

/** How many images a pass takes at most. */
export function batchSizeOf({ batchSize }: Subject, kind: 'scores' | 'gradients'): number {
  return batchSize ?? (kind === 'scores' ? 32 : 8);
}

/** Places from 0 on in groups, such as of images that go through the network together. */
export function* ranges(count: number, size: number): Generator<{ first: number; length: number }> {
  for (let first = 0; first < count; first += size) yield { first, length: Math.min(size, count - first) };
}

/** A batch of images of the subject's size. */
export function batchOf({ height, width, channels }: Subject, values: Float32Array): tf.Tensor4D {
  const images = values.length / (height * width * channels);
  return tf.tensor4d(values, [images, height, width, channels]);
}

/** The target of each image and its score, by a plain pass. */
export async function scoreImages(subject: Subject, progress: Progress): Promise<Scored[]> {
  const { count, values, size, classes, targets } = subject;
  const scored: Scored[] = [];
  for (const { first, length } of ranges(count, batchSizeOf(subject, 'scores'))) {
    const batch = batchOf(subject, values.slice(first * size, (first + length) * size));
    const logits = await logitsOf(subject, batch);
    for (let i = 0; i < length; i++) {
      const row = rowOf(logits, i, classes);
      const target = targets?.[first + i] ?? argMax(row);
      scored.push({ target, score: scoreOf(subject, row, target) });
    }
    await progress.add(length);
  }
  return scored;
}

/** Fills in the values of a variant of an image. */
export type WriteVariant = (place: number, out: Float32Array) => void;

/**
 * The scores of variants of an image, one after the other.
 * @param write - Gets zeros.
 * @param use - Gets each score, and its place, as soon as it is there.
 */
export async function scoreVariants(
  subject: Subject,
  target: number,
  count: number,
  write: WriteVariant,
  progress: Progress,
  use?: (place: number, score: number) => void,
): Promise<Float64Array> {
  const scores = new Float64Array(count);
  for (const { first, length } of ranges(count, batchSizeOf(subject, 'scores'))) {
    const logits = await logitsOf(subject, variantsOf(subject, first, length, write));
    for (let i = 0; i < length; i++) {
      const score = scoreOf(subject, rowOf(logits, i, subject.classes), target);
      scores[first + i] = score;
      use?.(first + i, score);
    }
    await progress.add(length);
  }
  return scores;
}

/** The gradients of the scores of variants of an image, one after the other; `use` gets each, and its place. */
export async function variantGradients(
  subject: Subject,
  target: number,
  count: number,
  write: WriteVariant,
  progress: Progress,
  use: (place: number, gradient: Float32Array) => void,
): Promise<void> {
  const { size, folding } = subject;
  for (const { first, length } of ranges(count, batchSizeOf(subject, 'gradients'))) {
    const batch = variantsOf(subject, first, length, write);
    const { gradients } = await inputGradients(subject, batch, Array<number>(length).fill(target), folding);
    for (let i = 0; i < length; i++) use(first + i, gradients.subarray(i * size, (i + 1) * size));
    await progress.add(length);
  }
}

function variantsOf(subject: Subject, first: number, length: number, write: WriteVariant): tf.Tensor4D {
  const { size } = subject;
  const values = new Float32Array(length * size);
  for (let i = 0; i < length; i++) write(first + i, values.subarray(i * size, (i + 1) * size));
  return batchOf(subject, values);
}

/** Makes explanations of what a method finds for each image by many passes, one image after the other. */
export async function explainEach(
  subject: Subject,
  passes: number,
  settings: Readonly<Record<string, unknown>>,
  find: (image: number, scored: Scored, progress: Progress) => Promise<Found>,
): Promise<Explanation[]> {
  const progress = new Progress(subject, subject.count * (passes + 1));
  try {
    const scored = await scoreImages(subject, progress);
    const explanations: Explanation[] = [];
    for (const [image, each] of scored.entries())
      explanations.push(explanationOf(subject, image, each, settings, await find(image, each, progress)));
    return explanations;
  } finally {
    subject.folding.dispose();
  }
}

/** An explanation of one image. */
export function explanationOf(
  { method, height, width, labels, pictures, output }: Subject,
  image: number,
  { target, score }: Scored,
  settings: Readonly<Record<string, unknown>>,
  found: Found,
): Explanation {
  const { map, values, expectedSum, superpixels, more } = found;
  return {
    method,
    map,
    height,
    width,
    target,
    label: labels?.[target],
    score,
    sum: total(superpixels?.values ?? map),
    expectedSum,
    settings: { output, ...settings, ...more },
    values,
    superpixels,
    image: pictures?.[image],
  };
}

/** A map of values: their sums over channels. */
export function sumChannels({ channels }: Subject, values: Float32Array): Float32Array {
  const map = new Float32Array(values.length / channels);
  for (let i = 0; i < map.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[i * channels + c]!;
    map[i] = sum;
  }
  return map;
}

/** The difference of an image and its baseline. */
export function difference(subject: Subject, image: number, baseline: Float32Array): Float32Array {
  return imageValues(subject, image).map((value, i) => value - baseline[i]!);
}
