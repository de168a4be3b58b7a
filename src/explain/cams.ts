import { argMax } from '../core/arg-max.js';
import type { AnyModule } from '../core/module.js';
import type { Explanation, ExplainOptions } from './explanation.js';
import { mapLayer } from './layer.js';
import { layerGradients } from './passes.js';
import { resizeMap } from './resize-map.js';
import { rowOf, scoreOf } from './scores.js';
import { commonOptions, subjectOf, type ExplainInput } from './subject.js';
import { batchOf, batchSizeOf, explanationOf, Progress, ranges } from './variants.js';

/** Options of the class activation maps. */
export interface CamOptions extends ExplainOptions {
  /**
   * The layer whose output is looked at, by its path in the module tree, such as `stages.3.1`, or `stages.3` for the last block of
   * it. Default the last layer whose output is a map.
   */
  readonly layer?: string;
}

/** The options of {@link CamOptions}. */
export const camOptions = { ...commonOptions, layer: true } as const;

/**
 * Where the layer sees what speaks for the class: its channels, each weighted by the mean of the score's gradient, summed, and what
 * is negative left out (Selvaraju et al. 2017, arXiv 1610.02391). The map is enlarged to the image's size. One pass and its way back
 * to the layer; the first choice for a picture of where an object is.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit, or the layer is none that has a map and runs once.
 */
export function gradCam(model: AnyModule, x: ExplainInput, options: CamOptions = {}): Promise<Explanation[]> {
  return classActivation('gradCam', model, x, options, (activations, gradients, channels) => {
    const weights = new Float64Array(channels);
    for (let i = 0; i < gradients.length; i++) weights[i % channels]! += gradients[i]!;
    const places = gradients.length / channels;
    return weighted(
      activations,
      weights.map((sum) => sum / places),
    );
  });
}

/**
 * As {@link gradCam}, but places of positive gradients alone make a channel's weight, and each the more, the fewer there are, so
 * that several objects of a class all show (Chattopadhyay et al. 2018, arXiv 1710.11063, equation 19).
 * @returns an explanation of each image.
 * @throws ArgumentError as {@link gradCam}.
 */
export function gradCamPlusPlus(
  model: AnyModule,
  x: ExplainInput,
  options: CamOptions = {},
): Promise<Explanation[]> {
  return classActivation('gradCamPlusPlus', model, x, options, (activations, gradients, channels) => {
    const sums = new Float64Array(channels);
    for (let i = 0; i < activations.length; i++) sums[i % channels]! += activations[i]!;
    const weights = new Float64Array(channels);
    for (let i = 0; i < gradients.length; i++) {
      const gradient = gradients[i]!;
      if (gradient <= 0) continue;
      // The paper's g^2 / (2 g^2 + sum * g^3), its fraction reduced.
      const denominator = 2 + sums[i % channels]! * gradient;
      if (denominator !== 0) weights[i % channels]! += gradient / denominator;
    }
    return weighted(activations, weights);
  });
}

/**
 * As {@link gradCam}, but each place of each channel is weighted by its gradient, where that is positive, so that early layers give
 * fine maps, too (Jiang et al. 2021, LayerCAM, IEEE TIP 30).
 * @returns an explanation of each image.
 * @throws ArgumentError as {@link gradCam}.
 */
export function layerCam(
  model: AnyModule,
  x: ExplainInput,
  options: CamOptions = {},
): Promise<Explanation[]> {
  return classActivation('layerCam', model, x, options, (activations, gradients, channels) => {
    const map = new Float64Array(activations.length / channels);
    for (let i = 0; i < activations.length; i++)
      map[Math.floor(i / channels)]! += activations[i]! * Math.max(gradients[i]!, 0);
    return map;
  });
}

/** Makes a map of the layer's output for one image and the gradient there; what of it is negative is left out. */
type MakeMap = (activations: Float32Array, gradients: Float32Array, channels: number) => Float64Array;

async function classActivation(
  method: string,
  model: AnyModule,
  x: ExplainInput,
  options: CamOptions,
  makeMap: MakeMap,
): Promise<Explanation[]> {
  const subject = await subjectOf(method, model, x, options, camOptions);
  const { path: layer, module } = mapLayer(subject, options.layer);
  const { count, size, classes, values, targets, height, width } = subject;
  const progress = new Progress(subject, count);
  const explanations: Explanation[] = [];
  for (const { first, length } of ranges(count, batchSizeOf(subject, 'gradients'))) {
    const batch = batchOf(subject, values.slice(first * size, (first + length) * size));
    const pass = await layerGradients(subject, module, batch, targets?.slice(first, first + length));
    const { logits, activations, gradients, shape } = pass;
    const [mapHeight, mapWidth, channels] = shape;
    const mapSize = mapHeight * mapWidth * channels;
    for (let i = 0; i < length; i++) {
      const row = rowOf(logits, i, classes);
      const target = targets?.[first + i] ?? argMax(row);
      const of = (all: Float32Array) => all.subarray(i * mapSize, (i + 1) * mapSize);
      const small = makeMap(of(activations), of(gradients), channels).map((value) => Math.max(value, 0));
      const map = resizeMap(small, [mapHeight, mapWidth], [height, width]);
      const scored = { target, score: scoreOf(subject, row, target) };
      explanations.push(explanationOf(subject, first + i, scored, { layer }, { map }));
    }
    await progress.add(length);
  }
  return explanations;
}

/** The sum of the channels, each times its weight. */
export function weighted(activations: Float32Array, weights: Float64Array): Float64Array {
  const channels = weights.length;
  const map = new Float64Array(activations.length / channels);
  for (let i = 0; i < map.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += activations[i * channels + c]! * weights[c]!;
    map[i] = sum;
  }
  return map;
}
