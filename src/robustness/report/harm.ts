import type { ImageClassifier } from '../../models/image-classifier.js';
import type { Dataset } from '../../training/data/dataset.js';
import type { EvaluateOptions } from '../../training/image-logits.js';
import { fit, resized } from '../../training/inputs.js';
import type { RgbImage } from '../../vision/image.js';
import { normalize } from '../../vision/preprocess.js';
import { unitPixels } from '../attacks/image-range.js';
import { pgd } from '../attacks/pgd.js';
import { evaluateCorruptions } from '../corruptions/evaluate-corruptions.js';
import type { AttackCheck, CorruptionCheck } from './facts.js';

/** What the measurements of this file need of the report's options. */
type Options = Pick<EvaluateOptions, 'batchSize' | 'size' | 'classes' | 'signal'>;

/** Radii of the attacks, where the values of an image are from 0 to 255. */
const RADII = [0.5, 1, 2, 4, 8];

/** How many images of a data set, spread evenly over it. */
export function spreadOver(data: Dataset, count: number): Dataset {
  const { length } = data.labels;
  const kept = Math.min(count, length);
  const places = Array.from({ length: kept }, (_, i) => Math.floor((i * length) / kept));
  return {
    name: data.name,
    classes: data.classes,
    labels: Int32Array.from(places, (place) => data.labels[place]!),
    image: (i) => data.image(places[i]!),
  };
}

/** How well the network classifies corrupted images. */
export async function checkCorruptions(
  model: ImageClassifier,
  data: Dataset,
  count: number,
  options: Options,
): Promise<CorruptionCheck> {
  const part = spreadOver(data, count);
  return { images: part.labels.length, ...(await evaluateCorruptions(model, part, options)) };
}

/** How well the network classifies images that were changed to fool it. */
export async function checkAttacks(
  model: ImageClassifier,
  data: Dataset,
  count: number,
  { batchSize = 64, size = model.preprocessing.size, signal }: Options,
): Promise<AttackCheck> {
  const part = spreadOver(data, count);
  const preprocessing = { ...resized(model.preprocessing, size), ...unitPixels };
  const squares: RgbImage[] = [];
  for (const i of part.labels.keys()) squares.push(fit(await part.image(i), preprocessing));
  const images = normalize(squares, preprocessing);
  try {
    const accuracies: { radius: number; accuracy: number }[] = [];
    for (const radius of RADII) {
      const result = await pgd(model, images, part.labels, { radius: radius / 255, batchSize, signal });
      result.images.dispose();
      accuracies.push({ radius, accuracy: result.robustAccuracy });
    }
    return { images: squares.length, accuracies };
  } finally {
    images.dispose();
  }
}
