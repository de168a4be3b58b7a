import { check } from '../core/errors.js';
import { logSumExp } from '../core/log-sum-exp.js';
import { BINS, CalibrationBins, type CalibrationBin } from './calibration-bins.js';

/** How well a model classifies. Shares are from 0 to 1. */
export interface Evaluation {
  /** Number of images. */
  readonly images: number;
  /** The mean cross-entropy. */
  readonly loss: number;
  /** The share of images whose class is the likeliest. */
  readonly top1: number;
  /** The share of images whose class is among the five likeliest. */
  readonly top5: number;
  /** The share of each class's images whose class is the likeliest; NaN of a class without images. */
  readonly perClass: readonly number[];
  /** Counts of images: a row a class, a column a prediction. */
  readonly confusion: readonly (readonly number[])[];
  /** How far probabilities are from the shares of right answers, in 15 bins (Guo et al. 2017, arXiv 1706.04599). */
  readonly calibrationError: number;
  /** The images by the probability of their likeliest class, for a reliability diagram: 15 bins of equal width, from 0 to 1. */
  readonly calibration: readonly CalibrationBin[];
}

/** What a model gives, or its loss, is NaN or infinite. */
export class NotFiniteError extends Error {
  override name = 'NotFiniteError';

  /** @param what - What is not finite. */
  constructor(readonly what = 'logits that are not finite') {
    super(`The model gave ${what}; its weights do not fit it, or the training diverged.`);
  }
}

/** Gathers what an {@link Evaluation} says, batch by batch. */
export class Metrics {
  #images = 0;
  #loss = 0;
  #top1 = 0;
  #top5 = 0;
  readonly #confusion: number[][];
  readonly #bins = new CalibrationBins(BINS);

  constructor(readonly classes: number) {
    this.#confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  }

  /**
   * Takes in what the model says of some images.
   * @param logits - A row of `classes` values an image. A class of -Infinity is impossible.
   * @param labels - The true class of each.
   * @throws NotFiniteError where softmax makes no probabilities of a row.
   */
  add(logits: Float32Array, labels: ArrayLike<number>): void {
    for (let i = 0; i < labels.length; i++) {
      this.#addOne(logits.subarray(i * this.classes, (i + 1) * this.classes), labels[i]!);
    }
  }

  #addOne(row: Float32Array, label: number): void {
    const right = row[label]!;
    const total = logSumExp(row);
    if (!Number.isFinite(total)) throw new NotFiniteError();
    let likeliest = 0;
    // Of equal ones the first counts, as with argmax.
    let before = 0;
    row.forEach((logit, c) => {
      if (logit > row[likeliest]!) likeliest = c;
      if (logit > right || (logit === right && c < label)) before++;
    });
    this.#images++;
    this.#loss += total - right;
    this.#confusion[label]![likeliest]!++;
    if (likeliest === label) this.#top1++;
    if (before < 5) this.#top5++;
    this.#bins.add(Math.exp(row[likeliest]! - total), likeliest === label);
  }

  /** What was gathered. */
  result(): Evaluation {
    const images = this.#images;
    check(images > 0, () => 'There were no images to evaluate on; give at least one.');
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    return {
      images,
      loss: this.#loss / images,
      top1: this.#top1 / images,
      top5: this.#top5 / images,
      perClass: this.#confusion.map((row, label) => row[label]! / sum(row)),
      confusion: this.#confusion.map((row) => [...row]),
      calibrationError: this.#bins.error(),
      calibration: this.#bins.bins(),
    };
  }
}
