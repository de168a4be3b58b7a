import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { resizeBox } from '../../vision/resize.js';
import { reflected } from './border.js';
import { gaussianFilter } from './gaussian.js';
import { layerOf, toImage, unitColors, type Layer } from './pixels.js';

/** The image with large pixels: made smaller by this factor, and larger again. */
export function pixelate(image: RgbImage, factor: number): RgbImage {
  const { width, height } = image;
  const small = (side: number) => Math.max(1, Math.trunc(side * factor));
  const shrunk = resizeBox(image, small(height), small(width));
  const data = new Uint8Array(image.data.length);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * shrunk.height) / height);
    for (let x = 0; x < width; x++) {
      const from = (row * shrunk.width + Math.floor(((x + 0.5) * shrunk.width) / width)) * 3;
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = shrunk.data[from + c]!;
    }
  }
  return { width, height, data };
}

/** Stretches and shrinks the image from place to place: each pixel comes from a random place near it, smoothly. */
export function elasticTransform(image: RgbImage, strength: number, random: Random): RgbImage {
  const layer = unitColors(image);
  const { width, height } = layer;
  const most = height * 0.005 * strength;
  const shifts = () => {
    const data = random.uniformArray(width * height, -most, most);
    return gaussianFilter(
      { width, height, channels: 1, data },
      { sigmaY: height * 0.01, sigmaX: width * 0.01, truncate: 3, border: 'reflect' },
    ).data;
  };
  const [right, down] = [shifts(), shifts()];
  return toImage(shifted(layer, right, down));
}

/** A layer of which each pixel comes from a place so far to the right and down. */
function shifted(layer: Layer, right: Float32Array, down: Float32Array): Layer {
  const { width, height } = layer;
  const out = new Float32Array(layer.data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      sample(layer, y + down[pixel]!, x + right[pixel]!, out, pixel * 3);
    }
  }
  return layerOf(layer, out);
}

/** Writes the colour at a place between pixels. */
function sample({ width, height, data }: Layer, y: number, x: number, out: Float32Array, to: number): void {
  const top = Math.floor(y);
  const left = Math.floor(x);
  const down = y - top;
  const right = x - left;
  const upper = reflected(top, height) * width * 3;
  const lower = reflected(top + 1, height) * width * 3;
  const first = reflected(left, width) * 3;
  const second = reflected(left + 1, width) * 3;
  for (let c = 0; c < 3; c++) {
    const above = data[upper + first + c]! * (1 - right) + data[upper + second + c]! * right;
    const below = data[lower + first + c]! * (1 - right) + data[lower + second + c]! * right;
    out[to + c] = above * (1 - down) + below * down;
  }
}
