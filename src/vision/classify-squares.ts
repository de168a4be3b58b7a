import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, check, checkInteger, checkModel, shown } from '../core/errors.js';
import { evaluation } from '../core/context.js';
import { runParts, type Part } from '../core/parts.js';
import { checkHeadKept } from '../models/check-head.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkOrder } from '../models/labels/check-labels.js';
import { checkPreprocessing } from '../models/preprocessing.js';
import { checkDecoding, decodePredictions, type Classification } from './decode-predictions.js';
import type { RgbImage } from './image.js';
import { normalize } from './preprocess.js';

/** What `classify` asks of a model. */
export type Classifier = Pick<ImageClassifier, 'predict' | 'preprocessing' | 'classes' | 'labels'>;

/** What to say of images. */
export interface ClassSettings {
  /** Undefined of a model without a head. */
  readonly classes: number | undefined;
  readonly top: number;
  readonly labels: readonly string[] | undefined;
  readonly batchSize: number;
  /** The stage whose means over the image are features. */
  readonly features: string | undefined;
}

/** {@link ClassSettings} as they are given. */
export interface GivenClassSettings {
  readonly top?: number;
  readonly labels?: readonly string[];
  readonly batchSize?: number;
  readonly features?: string;
}

/**
 * The settings, checked and with their defaults.
 * @param where - What takes them, such as `classify`.
 */
export function classSettings(where: string, model: Classifier, given: GivenClassSettings): ClassSettings {
  checkModel(where, model);
  const { classes } = model;
  const { features, batchSize = 8, labels = model.labels } = given;
  if (features !== undefined) splitAt(model, features);
  else if (classes === undefined) {
    throw new ArgumentError('This model has no head to classify with; build it with { includeTop: true }.');
  }
  const { top = Math.min(5, classes ?? 0) } = given;
  if (classes !== undefined) {
    checkDecoding(classes, top, labels);
    if (given.labels) checkOrder(given.labels, model.labels);
  }
  checkInteger('batchSize', batchSize, 1);
  checkPreprocessing(model.preprocessing);
  return { classes, top, labels, batchSize, features };
}

/** What a network says of an image. */
export interface Answer {
  /** The likeliest classes; none of a model without a head. */
  readonly classes: Classification[];
  readonly features?: Float32Array;
}

/**
 * What a network says of images that are decoded, resized and cropped.
 * @throws ArgumentError where the model's head was exchanged; Error where its logits are not finite.
 */
export async function classifySquares(
  model: Classifier,
  squares: readonly RgbImage[],
  { classes, top, labels, features: stage }: ClassSettings,
): Promise<Answer[]> {
  const [output, map] = tf.tidy((): tf.Tensor2D[] => {
    const x = normalize(squares, model.preprocessing);
    return stage === undefined ? [model.predict(x)] : withFeatures(model, x, stage);
  });
  try {
    const flat = map && (await map.data<'float32'>());
    const size = map?.shape[1] ?? 0;
    const featuresOf = (i: number) => flat && { features: flat.slice(i * size, (i + 1) * size) };
    if (classes === undefined) return squares.map((_, i) => ({ classes: [], ...featuresOf(i) }));
    checkHeadKept('classify', classes, output!.shape[1]);
    const decoded = await decodePredictions(output!, top, { labels });
    return decoded.map((found, i) => ({ classes: found, ...featuresOf(i) }));
  } finally {
    tf.dispose([output!, ...(map ? [map] : [])]);
  }
}

/** The network's output, and the means over the image of what a stage gives, [N, channels], in one pass. */
function withFeatures(model: Classifier, x: tf.Tensor4D, stage: string): tf.Tensor2D[] {
  const [first, rest] = splitAt(model, stage);
  const run = (parts: readonly Part[], y: tf.Tensor) =>
    runParts(parts, y, ([, part], z) => part.forward(z, evaluation)) as tf.Tensor;
  const map = run(first, x);
  const features = map.rank === 4 ? tf.mean<tf.Tensor2D>(map, [1, 2]) : tf.clone(map as tf.Tensor2D);
  return [run(rest, map) as tf.Tensor2D, features];
}

/** The parts of a network up to the end of a stage, and those after it. */
function splitAt(model: Classifier, stage: string): [readonly Part[], readonly Part[]] {
  const { parts } = model as Partial<ImageClassifier>;
  check(
    parts !== undefined,
    () => `features is ${shown(stage)}, and the model has no parts; give an ImageClassifier.`,
  );
  const all = parts.call(model as ImageClassifier);
  const end = all.findLastIndex(([name]) => name === stage || name.startsWith(`${stage}.`)) + 1;
  check(end > 0, () => `features is ${shown(stage)}; give one of ${stageNames(all).join(', ')}.`);
  return [all.slice(0, end), all.slice(end)];
}

/** The names of a network's stages and of its other parts. */
function stageNames(parts: readonly Part[]): string[] {
  return [...new Set(parts.map(([name]) => name.replace(/^(stages\.\d+)\..*$/, '$1')))];
}
