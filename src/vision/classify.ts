import { decodeImage } from '#decode-image';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, check, checkInteger } from '../core/errors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { ResNet } from '../models/resnet.js';
import type { ImageSource, RgbImage } from './image.js';
import { cifar10Labels } from './labels/cifar10.js';
import { imageNetLabels } from './labels/imagenet.js';
import { normalize } from './preprocess.js';
import { resizeAndCrop } from './resize.js';

/** One class that an image may show. */
export interface Classification {
  /** The class's name, or `class 7` where names are not known. */
  readonly label: string;
  /** The class's place among the logits. */
  readonly index: number;
  /** From 0 to 1; those of all classes sum to 1. */
  readonly probability: number;
}

/** Options of {@link classify}. */
export interface ClassifyOptions {
  /** How many classes to name, the likeliest first. Default 5, or as many as there are. */
  readonly top?: number;
  /** Names of the classes. Default the model's; else ImageNet's for 1000 classes, CIFAR-10's for a CIFAR ResNet's 10. */
  readonly labels?: readonly string[];
  /** Images that go through the model together. Default 8. */
  readonly batchSize?: number;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What {@link classify} asks of a model. */
export type Classifier = Pick<ImageClassifier, 'predict' | 'preprocessing' | 'classes' | 'labels'>;

/**
 * Says what an image shows: decodes it, prepares it as the model's `preprocessing` says, and names the likeliest classes.
 * @throws Error where an image cannot be read, the model has no head, the labels are not as many as its classes, or its
 * logits are not finite.
 */
export async function classify(
  model: Classifier,
  image: ImageSource,
  options?: ClassifyOptions,
): Promise<Classification[]>;
/** Says of every image what it shows. */
export async function classify(
  model: Classifier,
  images: readonly ImageSource[],
  options?: ClassifyOptions,
): Promise<Classification[][]>;
export async function classify(
  model: Classifier,
  images: ImageSource | readonly ImageSource[],
  options: ClassifyOptions = {},
): Promise<Classification[] | Classification[][]> {
  const { classes } = model;
  if (classes === undefined) {
    throw new ArgumentError('This model has no head to classify with; build it with { includeTop: true }.');
  }
  const { top = Math.min(5, classes), batchSize = 8, onProgress } = options;
  const labels = options.labels ?? model.labels ?? knownLabels(model, classes);
  checkInteger('top', top, 1);
  check(top <= classes, () => `top is ${top}, and the model has ${classes} classes; give at most that many.`);
  checkInteger('batchSize', batchSize, 1);
  check(
    labels.length === classes,
    () => `There are ${labels.length} labels for a model of ${classes} classes; give as many.`,
  );

  const list = Array.isArray(images) ? (images as readonly ImageSource[]) : [images as ImageSource];
  const results: Classification[][] = [];
  for (let start = 0; start < list.length; start += batchSize) {
    const squares: RgbImage[] = [];
    // One after the other, so that only one picture is in memory at its full size.
    for (const source of list.slice(start, start + batchSize)) {
      squares.push(resizeAndCrop(await decodeImage(source), model.preprocessing));
    }
    const probabilities = tf.tidy(() => tf.softmax(model.predict(normalize(squares, model.preprocessing))));
    const values = (await probabilities.array()) as number[][];
    probabilities.dispose();
    results.push(...values.map((row) => likeliest(row, top, labels)));
    onProgress?.(results.length, list.length);
  }
  return Array.isArray(images) ? results : results[0]!;
}

function likeliest(
  probabilities: readonly number[],
  top: number,
  labels: readonly string[],
): Classification[] {
  if (!probabilities.every(Number.isFinite)) {
    throw new Error(
      'The model gave logits that are not finite; its weights do not fit it, or the training diverged.',
    );
  }
  return probabilities
    .map((probability, index) => ({ label: labels[index]!, index, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}

function knownLabels(model: Classifier, classes: number): readonly string[] {
  if (classes === imageNetLabels.length) return imageNetLabels;
  const forCifar = model instanceof ResNet && model.architecture.stem === 'cifar';
  if (forCifar && classes === cifar10Labels.length) return cifar10Labels;
  return Array.from({ length: classes }, (_, index) => `class ${index}`);
}
