import { ready } from '#backends';
import type * as tf from '@tensorflow/tfjs-core';
import { check, checkInteger, checkModule, checkOptions } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import type { RgbImage } from '../vision/image.js';
import { contactSheet, tileOf, type Tile } from './contact-sheet.js';

/** Options of {@link filterImage}. */
export interface FilterImageOptions {
  /** The path of a convolution, such as `stem.conv`. Default the first one of the network. */
  readonly layer?: string;
  /** Pixels of the picture for each weight. Default 8. */
  readonly scale?: number;
}

/**
 * A picture of the filters of a convolution, one after the other: of three input channels in their colours, of others the mean over
 * the input channels. What the first layer has learned to look for.
 * @throws ArgumentError where there is no convolution at the path, or its weights are not finite.
 */
export async function filterImage(model: AnyModule, options: FilterImageOptions = {}): Promise<RgbImage> {
  checkModule('filterImage', model);
  checkOptions('filterImage', options, { layer: true, scale: true });
  const { layer, scale = 8 } = options;
  checkInteger('filterImage: scale', scale, 1);
  const kernels = Array.from(model.namedVariables()).filter(({ variable }) => variable.rank === 4);
  const found = kernels.find(({ name }) => layer === undefined || name === `${layer}.weight`);
  check(found !== undefined, () => {
    const known = kernels.slice(0, 4).map(({ name }) => `'${name.replace(/\.weight$/, '')}'`);
    const advice = known.length > 0 ? `give one such as ${known.join(', ')}` : 'it has none';
    return `filterImage: ${model.constructor.name} has no convolution at '${layer}'; ${advice}.`;
  });
  await ready();
  const kernel = found.variable as tf.Variable<tf.Rank.R4>;
  const values = await kernel.data<'float32'>();
  check(
    values.every(Number.isFinite),
    () => `filterImage: the weights of '${found.name}' are not all finite; the network cannot be used.`,
  );
  const [height, width, depth, filters] = kernel.shape;
  const isColored = depth === 3;
  const tiles = Array.from({ length: filters }, (_, filter): Tile => {
    const at = (y: number, x: number, c: number) => values[((y * width + x) * depth + c) * filters + filter]!;
    if (isColored) return coloredTile(at, height, width);
    const means = Array.from({ length: height * width }, (_, i) => {
      let sum = 0;
      for (let c = 0; c < depth; c++) sum += at(Math.floor(i / width), i % width, c);
      return sum / depth;
    });
    return tileOf(means, height, width);
  });
  return contactSheet(tiles, scale);
}

/** Grey is 0. */
function coloredTile(at: (y: number, x: number, c: number) => number, height: number, width: number): Tile {
  let most = 0;
  for (let i = 0; i < height * width * 3; i++)
    most = Math.max(most, Math.abs(at(Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3)));
  const level = (value: number) => 127.5 + (most === 0 ? 0 : (127.5 * value) / most);
  return { height, width, color: (y, x) => [level(at(y, x, 0)), level(at(y, x, 1)), level(at(y, x, 2))] };
}
