import { gradCam } from '../../explain/cams.js';
import { heatMap } from '../../explain/heat-map.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import type { Preprocessing } from '../../models/preprocessing.js';
import type { LabelledLogits } from '../../training/collect-logits.js';
import type { Dataset } from '../../training/data/dataset.js';
import type { EvaluateOptions } from '../../training/image-logits.js';
import { fit, resized } from '../../training/inputs.js';
import type { RgbImage } from '../../vision/image.js';
import { normalize } from '../../vision/preprocess.js';
import { softmax } from '../labelled-logits.js';
import type { ReportImage } from './facts.js';

/** Side of a map, in pixels. */
const HEAT_SIDE = 128;

/** Options of {@link Gallery}. */
export interface GalleryOptions extends Pick<EvaluateOptions, 'size' | 'signal'> {
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
    const { model, data, options } = this;
    if (places.length === 0) return [];
    const preprocessing = resized(model.preprocessing, options.size ?? model.preprocessing.size);
    const squares: RgbImage[] = [];
    for (const place of places) squares.push(fit(await data.image(place), preprocessing));
    const heats = options.explanations ? await this.#heats(squares, preprocessing) : [];
    return places.map((place, i) => this.#image(place, squares[i]!, heats[i]));
  }

  /** Where the network looks for its answers. */
  async #heats(squares: readonly RgbImage[], preprocessing: Preprocessing): Promise<RgbImage[]> {
    const x = normalize(squares, preprocessing);
    try {
      const explanations = await gradCam(this.model, x, { signal: this.options.signal });
      return explanations.map((explanation, i) =>
        heatMap(explanation, { image: squares[i]!, legend: false, size: HEAT_SIDE }),
      );
    } finally {
      x.dispose();
    }
  }

  #image(index: number, image: RgbImage, heat: RgbImage | undefined): ReportImage {
    const { data, predictions } = this;
    const probabilities = softmax(predictions.logits[index]!);
    const label = predictions.labels[index]!;
    const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]!);
    return {
      name: data.paths?.[index],
      index,
      label,
      answers: order.slice(0, 2).map((c) => ({ index: c, probability: probabilities[c]! })),
      labelProbability: probabilities[label]!,
      image,
      heat,
    };
  }
}
