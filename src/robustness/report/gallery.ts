import type { ImageClassifier } from '../../models/image-classifier.js';
import type { LabelledLogits } from '../../training/collect-logits.js';
import type { Dataset } from '../../training/data/dataset.js';
import type { EvaluateOptions } from '../../training/image-logits.js';
import { fit, resized } from '../../training/inputs.js';
import { softmax } from '../labelled-logits.js';
import type { ReportImage } from './facts.js';

/** Options of {@link Gallery}. */
export interface GalleryOptions extends Pick<EvaluateOptions, 'size'> {
  /** Whether images come with a map of where the network looks. */
  readonly explanations: boolean;
}

/** Takes images out of the data, with what the network says of them. */
export class Gallery {
  constructor(
    readonly model: ImageClassifier,
    readonly data: Dataset,
    readonly predictions: LabelledLogits,
    readonly options: GalleryOptions,
  ) {}

  /** The images at these places. */
  async images(places: readonly number[]): Promise<ReportImage[]> {
    const images: ReportImage[] = [];
    for (const index of places) images.push(await this.#image(index));
    return images;
  }

  async #image(index: number): Promise<ReportImage> {
    const { model, data, predictions, options } = this;
    const preprocessing = resized(model.preprocessing, options.size ?? model.preprocessing.size);
    const probabilities = softmax(predictions.logits[index]!);
    const label = predictions.labels[index]!;
    const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]!);
    return {
      name: data.paths?.[index],
      index,
      label,
      answers: order.slice(0, 2).map((c) => ({ index: c, probability: probabilities[c]! })),
      labelProbability: probabilities[label]!,
      image: fit(await data.image(index), preprocessing),
      heat: undefined,
    };
  }
}
