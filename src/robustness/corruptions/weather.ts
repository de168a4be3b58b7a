import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { moved } from './motion.js';
import { noiseLayer } from './noise.js';
import { cropped, cutBelow, toImage, unitColors } from './pixels.js';
import { plasma, powerOfTwo } from './plasma.js';
import { zoomed } from './zoom.js';

/** A cloud of fog over the image, of this strength. */
export function fog(image: RgbImage, strength: number, decay: number, random: Random): RgbImage {
  const layer = unitColors(image);
  const { width, height, data } = layer;
  const side = powerOfTwo(Math.max(width, height));
  const cloud = plasma(side, decay, random);
  let brightest = 0;
  for (let i = 0; i < data.length; i++) brightest = Math.max(brightest, data[i]!);
  const scale = brightest / (brightest + strength);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const added = strength * cloud[y * side + x]!;
      for (const end = i + 3; i < end; i++) data[i] = (data[i]! + added) * scale;
    }
  }
  return toImage(layer);
}

/** How much it snows. */
export interface Snow {
  readonly mean: number;
  readonly deviation: number;
  /** Of the flakes. */
  readonly zoom: number;
  /** Below which there is no flake. */
  readonly least: number;
  readonly radius: number;
  readonly sigma: number;
  /** Share of the image that stays; the rest becomes bright and grey. */
  readonly kept: number;
}

/** Falling flakes over a brighter image. */
export function snow(image: RgbImage, how: Snow, random: Random): RgbImage {
  const { width, height } = image;
  const flakes = zoomed(noiseLayer(image, how, random), how.zoom);
  cutBelow(flakes.data, how.least);
  for (let i = 0; i < flakes.data.length; i++) flakes.data[i] = Math.min(1, flakes.data[i]!);
  const angle = random.uniform(-135, -45);
  const falling = moved(flakes, { radius: how.radius, sigma: how.sigma, angle });
  const layer = unitColors(image);
  addSnow(layer.data, cropped(falling, width, height).data, how.kept);
  return toImage(layer);
}

/** Makes colours brighter and greyer, and adds flakes, also turned upside down. */
function addSnow(data: Float32Array, flakes: Float32Array, kept: number): void {
  for (let i = 0; i < flakes.length; i++) flakes[i] = Math.round(flakes[i]! * 255) / 255;
  for (let pixel = 0; pixel < flakes.length; pixel++) {
    const first = 3 * pixel;
    const light = 0.299 * data[first]! + 0.587 * data[first + 1]! + 0.114 * data[first + 2]!;
    const grey = light * 1.5 + 0.5;
    const added = flakes[pixel]! + flakes[flakes.length - 1 - pixel]!;
    for (let i = first; i < first + 3; i++) {
      data[i] = kept * data[i]! + (1 - kept) * Math.max(data[i]!, grey) + added;
    }
  }
}

/**
 * Crystals of ice on a window. The pictures of frost of ImageNet-C are not part of this library: crystals are drawn at random, of
 * about the same colours, contrast and coarseness.
 */
export function frost(image: RgbImage, kept: number, strength: number, random: Random): RgbImage {
  const layer = unitColors(image);
  const { width, height, data } = layer;
  const side = powerOfTwo(Math.max(width, height));
  const [coarse, fine] = [plasma(side, 1.9, random), plasma(side, 1.25, random)];
  const [mean, contrast, blue] = windows[random.integer(windows.length)]!;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = y * side + x;
      // Ridges of the fine cloud are the edges of crystals.
      const ridge = 1 - Math.abs(2 * fine[place]! - 1);
      const ice = mean + contrast * (1.6 * (coarse[place]! - 0.5) + 1.2 * (ridge - 0.7));
      for (let c = -1; c <= 1; c++, i++) {
        data[i] = kept * data[i]! + strength * Math.min(1, Math.max(0, ice + blue * c));
      }
    }
  }
  return toImage(layer);
}

/** Mean brightness, contrast, and how much more blue than green: of the pictures of frost in ImageNet-C. */
const windows = [
  [0.51, 0.25, 0.1],
  [0.81, 0.3, 0.03],
  [0.81, 0.3, 0.03],
  [0.6, 0.4, 0.05],
  [0.48, 0.6, 0.045],
] as const;
