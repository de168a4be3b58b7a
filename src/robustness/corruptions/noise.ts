import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { toImage, unitColors, type Layer } from './pixels.js';

/** Adds normal noise of this standard deviation. */
export function gaussianNoise(image: RgbImage, deviation: number, random: Random): RgbImage {
  const layer = unitColors(image);
  const { data } = layer;
  const noise = random.normalArray(data.length, deviation);
  for (let i = 0; i < data.length; i++) data[i]! += noise[i]!;
  return toImage(layer);
}

/** One channel of normal noise around a mean. */
export function noiseLayer(
  { width, height }: RgbImage,
  { mean, deviation }: { readonly mean: number; readonly deviation: number },
  random: Random,
): Layer {
  const data = random.normalArray(width * height, deviation);
  for (let i = 0; i < data.length; i++) data[i]! += mean;
  return { width, height, channels: 1, data };
}

/** Normal noise that is stronger where the image is bright. */
export function speckleNoise(image: RgbImage, deviation: number, random: Random): RgbImage {
  const layer = unitColors(image);
  const { data } = layer;
  const noise = random.normalArray(data.length, deviation);
  for (let i = 0; i < data.length; i++) data[i]! += data[i]! * noise[i]!;
  return toImage(layer);
}

/** Noise of counting light: a Poisson number of photons, of which white has `photons` on average. */
export function shotNoise(image: RgbImage, photons: number, random: Random): RgbImage {
  const layer = unitColors(image);
  const { data } = layer;
  const counts = new Array<Counts | undefined>(256);
  for (let i = 0; i < data.length; i++) {
    const value = image.data[i]!;
    if (value > 0) data[i] = poisson((counts[value] ??= countsOf((value / 255) * photons)), random) / photons;
  }
  return toImage(layer);
}

/** A Poisson distribution. */
interface Counts {
  /** The share of numbers up to 0, 1, 2, … , as far as a 32-bit draw can tell. */
  readonly shares: Float64Array;
  /** Of each of `STARTS` equal parts from 0 to 1 the number that its least draw gives. */
  readonly starts: Uint16Array;
}

const STARTS = 64;

function countsOf(mean: number): Counts {
  const list: number[] = [];
  let share = Math.exp(-mean);
  let sum = 0;
  for (let count = 0; sum < 1 - 2 ** -33 && count < 10 * mean + 50; count++) {
    sum += share;
    list.push(sum);
    share *= mean / (count + 1);
  }
  const shares = Float64Array.from(list);
  const starts = new Uint16Array(STARTS);
  for (let part = 0, count = 0; part < STARTS; part++) {
    while (count < shares.length && shares[count]! <= part / STARTS) count++;
    starts[part] = count;
  }
  return { shares, starts };
}

function poisson({ shares, starts }: Counts, random: Random): number {
  const drawn = random.uniform();
  let count = starts[Math.floor(drawn * STARTS)]!;
  while (count < shares.length && shares[count]! <= drawn) count++;
  return count;
}

/** Makes this share of the values black or white, as often the one as the other. */
export function impulseNoise(image: RgbImage, share: number, random: Random): RgbImage {
  const data = new Uint8Array(image.data);
  for (let i = 0; i < data.length; i++) {
    const drawn = random.uniform();
    if (drawn < share) data[i] = drawn < share / 2 ? 0 : 255;
  }
  return { ...image, data };
}
