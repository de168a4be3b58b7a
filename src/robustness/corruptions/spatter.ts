import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { distancesTo } from './distances.js';
import { edges } from './edges.js';
import { gaussianFilter } from './gaussian.js';
import { equalized, filter3 } from './grey.js';
import { mapped, type Layer } from './pixels.js';

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
const SUM = new Array<number>(9).fill(1);
/** Light from the upper left, so that drops look round. */
const RELIEF = [-2, -1, 0, -1, 1, 1, 0, 1, 2];

/** Drops of water or mud on the lens. */
export function spatter(image: RgbImage, how: Spatter, random: Random): RgbImage {
  const { width, height } = image;
  const noise = random.normalArray(width * height, how.deviation).map((value) => value + how.mean);
  const smooth = gaussianFilter(
    { width, height, channels: 1, data: noise },
    { sigmaY: how.sigma, sigmaX: how.sigma },
  );
  const drops = { ...smooth, data: smooth.data.map((value) => (value < how.least ? 0 : value)) };
  if (how.isMud) {
    const mask = mud(drops, how);
    return mapped(image, (value, i) => {
      const share = mask[Math.floor(i / 3)]!;
      return value * (1 - share) + MUD[i % 3]! * share;
    });
  }
  const mask = water(drops, how);
  return mapped(image, (value, i) => value + WATER[i % 3]! * mask[Math.floor(i / 3)]!);
}

/** How strong the mud is at each pixel. */
function mud(drops: Layer, { least, strength }: Spatter): Float32Array {
  const covered = { ...drops, data: drops.data.map((value) => (value > least ? 1 : 0)) };
  const soft = gaussianFilter(covered, { sigmaY: strength, sigmaX: strength });
  return soft.data.map((value) => (value < 0.8 ? 0 : value));
}

/** How bright the water is at each pixel: brighter at the border of a drop and where the light falls. */
function water({ width, height, data }: Layer, { strength }: Spatter): Float32Array {
  const liquid = new Uint8Array(data.map((value) => value * 255));
  const grey = (data: ArrayLike<number>) => ({ width, height, data });
  const near = distancesTo(edges(grey(liquid), 50, 150), width, height).map((value) => Math.min(20, value));
  const depth = equalized(filter3(grey(near), SUM, (sum) => Math.trunc(Math.fround(sum / 9))));
  const relief = filter3(grey(depth), RELIEF, (sum) => Math.min(255, Math.max(0, sum)));
  const light = filter3(grey(relief), SUM, (sum) => Math.round(sum / 9));
  const mask = light.map((value, i) => value * liquid[i]!);
  const most = mask.reduce((most, value) => Math.max(most, value), 0);
  // Without a drop there is no water.
  return most === 0 ? mask : mask.map((value) => (value / most) * strength);
}
