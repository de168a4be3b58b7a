import type { RgbImage } from '../../vision/image.js';
import { toImage, unitColors } from './pixels.js';

/** Draws every channel towards its mean, of which this share of the contrast is left. */
export function contrast(image: RgbImage, share: number): RgbImage {
  const layer = unitColors(image);
  const { data } = layer;
  for (let channel = 0; channel < 3; channel++) {
    let sum = 0;
    for (let i = channel; i < data.length; i += 3) sum += data[i]!;
    const mean = (3 * sum) / data.length;
    for (let i = channel; i < data.length; i += 3) data[i] = (data[i]! - mean) * share + mean;
  }
  return toImage(layer);
}

/** Adds to the value of hue, saturation and value; hue and saturation stay. */
export function brightness({ width, height, data }: RgbImage, added: number): RgbImage {
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const most = Math.max(data[i]!, data[i + 1]!, data[i + 2]!) / 255;
    const value = Math.min(1, most + added);
    for (let c = i; c < i + 3; c++) out[c] = most === 0 ? value : (data[c]! / 255) * (value / most);
  }
  return toImage({ width, height, channels: 3, data: out });
}

/** Multiplies the saturation of hue, saturation and value, and adds to it. Greys have the hue of red. */
export function saturate({ width, height, data }: RgbImage, factor: number, added: number): RgbImage {
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const most = Math.max(data[i]!, data[i + 1]!, data[i + 2]!) / 255;
    const least = Math.min(data[i]!, data[i + 1]!, data[i + 2]!) / 255;
    const saturation = most === 0 ? 0 : (most - least) / most;
    const changed = Math.min(1, Math.max(0, saturation * factor + added));
    if (saturation === 0) {
      out[i] = most;
      out[i + 1] = out[i + 2] = most * (1 - changed);
    } else {
      const apart = changed / saturation;
      for (let c = i; c < i + 3; c++) out[c] = most - (most - data[c]! / 255) * apart;
    }
  }
  return toImage({ width, height, channels: 3, data: out });
}
