import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { reflected101 } from './border.js';
import { distancesTo } from './distances.js';
import { edges } from './edges.js';
import { equalized } from './equalized.js';
import { filtered, type Tap } from './filter.js';
import { gaussianFilter } from './gaussian.js';
import { layerOf, toImage, unitColors, type Layer } from './pixels.js';

/** What is spattered. */
export interface Spatter {
  readonly mean: number;
  readonly deviation: number;
  /** Of the drops, in pixels. */
  readonly sigma: number;
  /** Below which there is no drop. */
  readonly least: number;
  /** Of water: how strong it is. Of mud: how smooth its border is, in pixels. */
  readonly strength: number;
  readonly isMud: boolean;
}

/** Pale turquoise. */
const WATER = [175 / 255, 238 / 255, 238 / 255] as const;
const MUD = [63 / 255, 42 / 255, 20 / 255] as const;
const SUM = filter3([1, 1, 1, 1, 1, 1, 1, 1, 1]);
/** Light from the upper left, so that drops look round. */
const RELIEF = filter3([-2, -1, 0, -1, 1, 1, 0, 1, 2]);

/** Drops of water or mud on the lens. */
export function spatter(image: RgbImage, how: Spatter, random: Random): RgbImage {
  const { width, height } = image;
  const noise = random.normalArray(width * height, how.deviation);
  for (let i = 0; i < noise.length; i++) noise[i]! += how.mean;
  const drops = gaussianFilter(
    { width, height, channels: 1, data: noise },
    { sigmaY: how.sigma, sigmaX: how.sigma },
  );
  for (let i = 0; i < noise.length; i++) if (drops.data[i]! < how.least) drops.data[i] = 0;
  const layer = unitColors(image);
  const { data } = layer;
  const mask = how.isMud ? mud(drops, how) : water(drops, how);
  const color = how.isMud ? MUD : WATER;
  for (let pixel = 0, i = 0; pixel < mask.length; pixel++) {
    const share = mask[pixel]!;
    // Mud covers, water shines.
    const kept = how.isMud ? 1 - share : 1;
    for (let c = 0; c < 3; c++, i++) data[i] = data[i]! * kept + color[c]! * share;
  }
  return toImage(layer);
}

/** How strong the mud is at each pixel. */
function mud(drops: Layer, { least, strength }: Spatter): Float32Array {
  const covered = drops.data.slice();
  for (let i = 0; i < covered.length; i++) covered[i] = covered[i]! > least ? 1 : 0;
  const soft = gaussianFilter(layerOf(drops, covered), { sigmaY: strength, sigmaX: strength }).data;
  for (let i = 0; i < soft.length; i++) if (soft[i]! < 0.8) soft[i] = 0;
  return soft;
}

/** How bright the water is at each pixel: brighter at the border of a drop and where the light falls. */
function water(drops: Layer, { strength }: Spatter): Float32Array {
  const { width, height, data } = drops;
  const through = (values: Float32Array, filter: readonly Tap[]) =>
    filtered(layerOf(drops, values), filter, reflected101).data;
  const liquid = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) liquid[i] = data[i]! * 255;
  const near = distancesTo(edges({ width, height, data: liquid }, 50, 150), width, height);
  for (let i = 0; i < near.length; i++) near[i] = Math.min(20, near[i]!);
  const sums = through(near, SUM);
  const depth = new Uint8Array(sums.length);
  for (let i = 0; i < sums.length; i++) depth[i] = Math.fround(sums[i]! / 9);
  const relief = through(equalized(depth), RELIEF);
  for (let i = 0; i < relief.length; i++) relief[i] = Math.min(255, Math.max(0, relief[i]!));
  const mask = through(relief, SUM);
  let most = 0;
  for (let i = 0; i < mask.length; i++) {
    mask[i] = Math.round(mask[i]! / 9) * liquid[i]!;
    most = Math.max(most, mask[i]!);
  }
  // Without a drop there is no water.
  if (most > 0) for (let i = 0; i < mask.length; i++) mask[i]! *= strength / most;
  return mask;
}

/** A filter of 3 x 3 weights, row by row. */
function filter3(weights: readonly number[]): Tap[] {
  return weights.map((weight, i) => ({ dx: (i % 3) - 1, dy: Math.floor(i / 3) - 1, weight }));
}
