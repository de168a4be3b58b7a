import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { reflected101 } from './border.js';
import { distancesTo } from './distances.js';
import { edges } from './edges.js';
import { equalized } from './equalized.js';
import { filtered, type Tap } from './filter.js';
import { gaussianFilter } from './gaussian.js';
import { noiseLayer } from './noise.js';
import { cutBelow, layerOf, toImage, unitColors, wholeLevels, type Layer } from './pixels.js';

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
  const drops = gaussianFilter(noiseLayer(image, how, random), { sigmaY: how.sigma, sigmaX: how.sigma });
  cutBelow(drops.data, how.least);
  const layer = unitColors(image);
  if (how.isMud) addMud(layer.data, mud(drops, how));
  else addWater(layer.data, water(drops, how));
  return toImage(layer);
}

/** Mud covers the colours. */
function addMud(data: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    const share = mask[Math.floor(i / 3)]!;
    data[i] = data[i]! * (1 - share) + MUD[i % 3]! * share;
  }
}

/** Water shines. */
function addWater(data: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < data.length; i++) data[i]! += WATER[i % 3]! * mask[Math.floor(i / 3)]!;
}

/** How strong the mud is at each pixel. */
function mud(drops: Layer, { least, strength }: Spatter): Float32Array {
  const covered = layerOf(drops, above(drops.data, least));
  const soft = gaussianFilter(covered, { sigmaY: strength, sigmaX: strength }).data;
  cutBelow(soft, 0.8);
  return soft;
}

/** 1 where values are above a threshold, 0 elsewhere. */
function above(values: Float32Array, least: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) if (values[i]! > least) out[i] = 1;
  return out;
}

/** How bright the water is at each pixel: brighter at the border of a drop and where the light falls. */
function water(drops: Layer, { strength }: Spatter): Float32Array {
  const { width, height, data } = drops;
  const through = (values: Float32Array, filter: readonly Tap[]) =>
    filtered(layerOf(drops, values), filter, reflected101).data;
  const liquid = wholeLevels(data);
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
