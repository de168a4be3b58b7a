import { argMax } from '../../core/arg-max.js';
import {
  ArgumentError,
  check,
  checkBoolean,
  checkInteger,
  checkModule,
  checkOptions,
} from '../../core/errors.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import { isImageClassifier } from '../../models/is-image-classifier.js';
import { collectLogits, type LabelledLogits } from '../../training/collect-logits.js';
import { checkDataset } from '../../training/data/check-dataset.js';
import type { Dataset } from '../../training/data/dataset.js';
import type { EvaluateOptions } from '../../training/image-logits.js';
import { Metrics } from '../../training/metrics.js';
import { fitScaling, scaleLogits } from '../calibration/fit-scaling.js';
import { measureCalibration } from '../calibration/measure-calibration.js';
import { fitConformal, measureSets, predictionSets } from '../conformal.js';
import { findLabelErrors } from '../label-errors.js';
import { softmax } from '../labelled-logits.js';
import type { ReportFacts, SetCheck, TemperatureCheck } from './facts.js';
import { Gallery } from './gallery.js';
import { checkAttacks, checkCorruptions } from './harm.js';

/** Options of {@link report}. */
export interface ReportOptions extends Omit<EvaluateOptions, 'views'> {
  /** Heading of the page. Default the network's name and that of the data. */
  readonly title?: string;
  /** How many images each list shows at most. Default 12. */
  readonly images?: number;
  /** Whether images are shown with a map of where the network looks, by Grad-CAM. Default true. */
  readonly explanations?: boolean;
  /** How many images are corrupted, in 75 ways each. Default 0: the report says nothing of corruptions. */
  readonly corruptions?: number;
  /** How many images are attacked, with five radii. Default 0: the report says nothing of attacks. */
  readonly attacks?: number;
}

/** Measures what a report says. */
export async function gatherFacts(
  model: ImageClassifier,
  data: Dataset,
  options: ReportOptions,
): Promise<ReportFacts> {
  checkModule('report', model);
  check(
    isImageClassifier(model),
    () => 'report: the model is no image classifier; give one, such as load gives.',
  );
  checkDataset('report', data);
  const { title, images, explanations, corruptions, attacks, ...others } = checkedOptions(options);
  const predictions = await collectLogits(model, data, others);
  const { logits, labels } = predictions;
  const metrics = new Metrics(model.classes!);
  logits.forEach((row, i) => metrics.add(Float32Array.from(row), [labels[i]!]));
  const { name } = model.architecture;
  const { batchSize, size, classes, signal } = others;
  const harm = { batchSize, size, classes, signal };
  const what = data.name ?? 'images';
  const rows = logits.map(softmax);
  const errors = findLabelErrors(predictions);
  const gallery = new Gallery(model, data, predictions, {
    explanations,
    size,
    signal,
  });
  const worst = byScore(rows, (row, i) => (argMax(row) === labels[i] ? undefined : Math.max(...row)));
  const doubtful = byScore(rows, doubt);
  const shownErrors = errors.slice(0, images);
  const errorImages = await gallery.images(shownErrors.map(({ index }) => index));
  return {
    title: title ?? `${name} on ${what}`,
    model: name,
    data: what,
    parameters: model.describe().parameters,
    classes: classNames(model, data),
    evaluation: metrics.result(),
    calibration: measureCalibration(predictions),
    temperature: checkTemperature(predictions),
    sets: checkSets(predictions),
    corruptions: corruptions > 0 ? await checkCorruptions(model, data, corruptions, harm) : undefined,
    attacks:
      attacks > 0
        ? await checkAttacks(
            model,
            { ...data, labels: Int32Array.from(labels), image: (i) => data.image(i) },
            attacks,
            harm,
          )
        : undefined,
    worst: await gallery.images(worst.slice(0, images)),
    doubtful: await gallery.images(doubtful.slice(0, images)),
    labelErrors: {
      count: errors.length,
      shown: shownErrors.map((error, i) => ({ ...errorImages[i]!, ...error })),
    },
  };
}

function checkedOptions(options: ReportOptions) {
  checkOptions('report', options, {
    title: true,
    images: true,
    explanations: true,
    corruptions: true,
    attacks: true,
    batchSize: true,
    size: true,
    classes: true,
    onProgress: true,
    signal: true,
  });
  const { images = 12, explanations = true, corruptions = 0, attacks = 0 } = options;
  checkInteger('images', images, 0);
  checkBoolean('explanations', explanations);
  checkInteger('corruptions', corruptions, 0);
  checkInteger('attacks', attacks, 0);
  return { ...options, images, explanations, corruptions, attacks };
}

/** What the rows of the report are called. */
function classNames({ labels, classes }: ImageClassifier, data: Dataset): readonly string[] {
  if (labels) return labels;
  return data.classes.length === classes
    ? data.classes
    : Array.from({ length: classes! }, (_, c) => `class ${c}`);
}

/** The places of rows with a score, the largest first. */
function byScore(
  rows: readonly Float64Array[],
  scoreOf: (row: Float64Array, i: number) => number | undefined,
): number[] {
  const scores = rows.map(scoreOf);
  const places = [...rows.keys()].filter((i) => scores[i] !== undefined);
  return places.sort((a, b) => scores[b]! - scores[a]!);
}

/** How near the two likeliest classes are: minus the distance of their probabilities. */
function doubt(row: Float64Array): number {
  const [first, second] = Float64Array.from(row).sort().subarray(-2).reverse();
  return second! - first!;
}

/** The examples at even or odd places: halves of which one fits what the other measures. */
function half({ logits, labels }: LabelledLogits, rest: 0 | 1): LabelledLogits {
  const isOf = (_: unknown, i: number) => i % 2 === rest;
  return { logits: logits.filter(isOf), labels: Array.from(labels).filter(isOf) };
}

function checkTemperature(predictions: LabelledLogits): TemperatureCheck | undefined {
  if (predictions.logits.length < 2) return undefined;
  const test = half(predictions, 1);
  try {
    const scaling = fitScaling(half(predictions, 0));
    return {
      temperature: 1 / scaling.scale[0]!,
      before: measureCalibration(test),
      after: measureCalibration({ ...test, logits: scaleLogits(test.logits, scaling) }),
    };
  } catch (error) {
    if (error instanceof ArgumentError) return undefined; // No temperature is best.
    throw error;
  }
}

function checkSets(predictions: LabelledLogits): SetCheck[] {
  if (predictions.logits.length < 2) return [];
  const test = half(predictions, 1);
  return (['lac', 'raps'] as const).flatMap((method) =>
    [0.9, 0.95, 0.99].map((wanted) => {
      const conformal = fitConformal(half(predictions, 0), { method, coverage: wanted });
      return {
        method: method.toUpperCase(),
        wanted,
        ...measureSets(predictionSets(conformal, test.logits), test.labels),
      };
    }),
  );
}
