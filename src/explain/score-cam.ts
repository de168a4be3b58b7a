import type { AnyModule } from '../core/module.js';
import { camOptions, weighted, type CamOptions } from './cams.js';
import type { Explanation } from './explanation.js';
import { mapLayer } from './layer.js';
import { layerOutput } from './passes.js';
import { resizeMap } from './resize-map.js';
import { imageValues, subjectOf, type ExplainInput } from './subject.js';
import { batchOf, explainEach, scoreVariants } from './variants.js';

/**
 * As `gradCam`, but without gradients: a channel's weight is the score of the image seen through that channel's map as a mask, after
 * a softmax over the channels (Wang et al. 2020, arXiv 1910.01279). A pass for each channel of the layer.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit, or the layer is none that has a map and runs once.
 */
export async function scoreCam(
  model: AnyModule,
  x: ExplainInput,
  options: CamOptions = {},
): Promise<Explanation[]> {
  const subject = await subjectOf('scoreCam', model, x, options, camOptions);
  const { path: layer, module } = mapLayer(subject, options.layer);
  const { height, width, channels: colors } = subject;
  const channels = subject.trace.calls.find(({ path }) => path === layer)!.outputs[0]!.shape[3]!;
  return explainEach(subject, channels, { layer }, async (image, { target }, progress) => {
    const values = imageValues(subject, image);
    const { activations, shape } = await layerOutput(model, module, batchOf(subject, values.slice()));
    const [mapHeight, mapWidth] = shape;
    const write = (channel: number, out: Float32Array) => {
      const map = new Float32Array(mapHeight * mapWidth);
      for (let i = 0; i < map.length; i++) map[i] = activations[i * channels + channel]!;
      const mask = fromZeroToOne(resizeMap(map, [mapHeight, mapWidth], [height, width]));
      for (let i = 0, pixel = 0; pixel < mask.length; pixel++)
        for (let c = 0; c < colors; c++, i++) out[i] = values[i]! * mask[pixel]!;
    };
    const scores = await scoreVariants(subject, target, channels, write, progress);
    const most = scores.reduce((a, b) => Math.max(a, b));
    const powers = scores.map((score) => Math.exp(score - most));
    const sum = powers.reduce((a, b) => a + b);
    const small = weighted(
      activations,
      powers.map((power) => power / sum),
    ).map((value) => Math.max(value, 0));
    return { map: resizeMap(small, [mapHeight, mapWidth], [height, width]) };
  });
}

/** Zeros of a constant map. */
function fromZeroToOne(map: Float32Array): Float32Array {
  let [least, most] = [Infinity, -Infinity];
  for (const value of map) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const range = most - least || 1;
  return map.map((value) => (value - least) / range);
}
