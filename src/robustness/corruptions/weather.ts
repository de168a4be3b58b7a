import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { moved } from './motion.js';
import { cropped, mapped, toImage, unitColors } from './pixels.js';
import { plasma, powerOfTwo } from './plasma.js';
import { zoomed } from './zoom.js';

/** A cloud of fog over the image, of this strength. */
export function fog(image: RgbImage, strength: number, decay: number, random: Random): RgbImage {
  const { width, height } = image;
  const side = powerOfTwo(Math.max(width, height));
  const cloud = plasma(side, decay, random);
  let brightest = 0;
  for (let i = 0; i < image.data.length; i++) brightest = Math.max(brightest, image.data[i]! / 255);
  const scale = brightest / (brightest + strength);
  return mapped(image, (value, i) => {
    const pixel = Math.floor(i / 3);
    const height = cloud[Math.floor(pixel / width) * side + (pixel % width)]!;
    return (value + strength * height) * scale;
  });
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
  const noise = random.normalArray(width * height, how.deviation).map((value) => value + how.mean);
  const large = zoomed({ width, height, channels: 1, data: noise }, how.zoom);
  const flakes = large.data.map((value) => (value < how.least ? 0 : Math.min(1, Math.max(0, value))));
  const angle = random.uniform(-135, -45);
  const falling = moved({ ...large, data: flakes }, { radius: how.radius, sigma: how.sigma, angle });
  const layer = cropped(falling, width, height).data.map((value) => Math.round(value * 255) / 255);
  const colors = unitColors(image);
  const { data } = colors;
  const { kept } = how;
  for (let pixel = 0; pixel < layer.length; pixel++) {
    const first = 3 * pixel;
    const light = 0.299 * data[first]! + 0.587 * data[first + 1]! + 0.114 * data[first + 2]!;
    const grey = light * 1.5 + 0.5;
    const added = layer[pixel]! + layer[layer.length - 1 - pixel]!;
    for (let i = first; i < first + 3; i++) {
      data[i] = kept * data[i]! + (1 - kept) * Math.max(data[i]!, grey) + added;
    }
  }
  return toImage(colors);
}

/**
 * Crystals of ice on a window. The pictures of frost of ImageNet-C are not part of this library: crystals are drawn at random, of
 * about the same colours, contrast and coarseness.
 */
export function frost(image: RgbImage, kept: number, strength: number, random: Random): RgbImage {
  const { width } = image;
  const side = powerOfTwo(Math.max(width, image.height));
  const [coarse, fine] = [plasma(side, 1.9, random), plasma(side, 1.25, random)];
  const [mean, contrast, blue] = windows[random.integer(windows.length)]!;
  return mapped(image, (value, i) => {
    const pixel = Math.floor(i / 3);
    const place = Math.floor(pixel / width) * side + (pixel % width);
    // Ridges of the fine cloud are the edges of crystals.
    const ridge = 1 - Math.abs(2 * fine[place]! - 1);
    const ice = mean + contrast * (1.6 * (coarse[place]! - 0.5) + 1.2 * (ridge - 0.7)) + blue * ((i % 3) - 1);
    return kept * value + strength * Math.min(1, Math.max(0, ice));
  });
}

/** Mean brightness, contrast, and how much more blue than green: of the pictures of frost in ImageNet-C. */
const windows = [
  [0.51, 0.25, 0.1],
  [0.81, 0.3, 0.03],
  [0.81, 0.3, 0.03],
  [0.6, 0.4, 0.05],
  [0.48, 0.6, 0.045],
] as const;
