import type { RgbImage } from '../../vision/image.js';
import { mapped, toImage } from './pixels.js';

/** Draws every channel towards its mean, of which this share of the contrast is left. */
export function contrast(image: RgbImage, share: number): RgbImage {
  const sums = [0, 0, 0];
  image.data.forEach((value, i) => (sums[i % 3]! += value));
  const means = sums.map((sum) => (3 * sum) / image.data.length / 255);
  return mapped(image, (value, i) => (value - means[i % 3]!) * share + means[i % 3]!);
}

/** Adds to the value of hue, saturation and value; hue and saturation stay. */
export function brightness(image: RgbImage, added: number): RgbImage {
  return recolored(image, ([r, g, b], most) => {
    const value = Math.min(1, most + added);
    if (most === 0) return [value, value, value];
    const factor = value / most;
    return [r * factor, g * factor, b * factor];
  });
}

/** Multiplies the saturation of hue, saturation and value, and adds to it. Greys have the hue of red. */
export function saturate(image: RgbImage, factor: number, added: number): RgbImage {
  return recolored(image, (color, most, least) => {
    const saturation = most === 0 ? 0 : (most - least) / most;
    const changed = Math.min(1, Math.max(0, saturation * factor + added));
    if (saturation === 0) return [most, most * (1 - changed), most * (1 - changed)];
    const apart = changed / saturation;
    return color.map((value) => most - (most - value) * apart) as unknown as Color;
  });
}

type Color = readonly [red: number, green: number, blue: number];

/** The image with every colour changed; the function gets a colour from 0 to 1, and the largest and the least of its channels. */
function recolored(
  { width, height, data }: RgbImage,
  change: (color: Color, most: number, least: number) => Color,
): RgbImage {
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const color: Color = [data[i]! / 255, data[i + 1]! / 255, data[i + 2]! / 255];
    out.set(change(color, Math.max(...color), Math.min(...color)), i);
  }
  return toImage({ width, height, channels: 3, data: out });
}
