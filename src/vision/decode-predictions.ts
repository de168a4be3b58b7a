import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { check, checkBoolean, checkInteger, checkOptions, shown } from '../core/errors.js';
import { counted } from '../core/counted.js';
import { takeValues } from '../core/take-values.js';
import { checkLabels } from '../models/labels/check-labels.js';
import { isTensor } from './image.js';
import { numberedLabels } from '../models/labels/numbered-labels.js';

/** How far from 0 and 1 rounding may bring a probability. */
const SLACK = 1e-3;

/** One class that an image may show. */
export interface Classification {
  /** The class's name, or `class 7` where names are not known. */
  readonly label: string;
  /** The class's place among the logits. */
  readonly index: number;
  /** From 0 to 1; those of all classes sum to 1. */
  readonly probability: number;
}

/** Options of {@link decodePredictions}. */
export interface DecodePredictionsOptions {
  /** Names of the classes, such as a model's `labels` or `imageNetLabels`. Default `class 0` and so on. */
  readonly labels?: readonly string[];
  /** Whether the predictions are probabilities, to be taken as they are. Default false: logits, of which softmax makes them. */
  readonly probabilities?: boolean;
}

/**
 * Names the likeliest classes of predictions, as keras.applications' `decode_predictions` does; that one takes
 * probabilities, by default this one takes what `predict` gives. Equal ones come in the order of the classes.
 * @param predictions - [N, classes]; stays the caller's.
 * @param top - How many classes to name, the likeliest first.
 * @returns for each image its classes.
 * @throws ArgumentError where `top` is more than the classes the labels are not as many, or probabilities are not from 0 to 1; Error where a value is not finite.
 */
export async function decodePredictions(
  predictions: tf.Tensor2D,
  top = 3,
  options: DecodePredictionsOptions = {},
): Promise<Classification[][]> {
  checkOptions('decodePredictions', options, { labels: true, probabilities: true });
  const { labels, probabilities = false } = options;
  checkBoolean('probabilities', probabilities);
  check(
    predictions?.shape?.length === 2,
    () =>
      `The predictions are ${isTensor(predictions) ? `of shape [${predictions.shape}]` : shown(predictions)}; give a tensor ` +
      '[N, classes], such as model.predict gives.',
  );
  const [images, classes] = predictions.shape;
  checkDecoding(classes, top, labels);
  await ready();
  const names = labels ?? numberedLabels(classes);
  const scores = await predictions.data<'float32'>();
  if (probabilities) checkProbabilities(scores);
  const flat = probabilities ? scores : await takeValues(tf.softmax(predictions));
  return Array.from({ length: images }, (_, i) => {
    const [from, to] = [i * classes, (i + 1) * classes];
    return likeliest(scores.subarray(from, to), flat.subarray(from, to), top, names);
  });
}

function checkProbabilities(scores: Float32Array): void {
  const other = scores.find((score) => score < -SLACK || score > 1 + SLACK);
  check(
    other === undefined,
    () =>
      `A prediction is ${other}, which is no probability; of logits, as predict gives them, leave { probabilities } out.`,
  );
}

/** @throws ArgumentError where {@link decodePredictions} would. */
export function checkDecoding(classes: number, top: number, labels?: readonly string[]): void {
  checkInteger('top', top, 1);
  check(
    top <= classes,
    () => `top is ${top}, and the model has ${counted(classes, 'class', 'classes')}; give at most that many.`,
  );
  if (labels) checkLabels(labels, classes);
}

/** The classes of the largest scores: logits rank also classes whose probabilities are too small for a number. */
function likeliest(
  scores: Float32Array,
  probabilities: Float32Array,
  top: number,
  labels: readonly string[],
): Classification[] {
  if (!probabilities.every(Number.isFinite)) {
    throw new Error(
      'The model gave logits that are not finite; its weights do not fit it, or the training diverged.',
    );
  }
  return Array.from(scores.keys())
    .sort((a, b) => order(scores[b]!, scores[a]!))
    .slice(0, top)
    .map((index) => ({ label: labels[index]!, index, probability: probabilities[index]! }));
}

/** Negative, 0 or positive, as a is below, equal to or above b. */
function order(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
