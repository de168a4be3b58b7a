import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { resizeBox } from '../../vision/resize.js';
import { gaussianFilter, reflected } from './gaussian.js';
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
      data.set(shrunk.data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

/** Stretches and shrinks the image from place to place: each pixel comes from a random place near it, smoothly. */
export function elasticTransform(image: RgbImage, strength: number, random: Random): RgbImage {
  const layer = unitColors(image);
  const { width, height } = layer;
  const most = height * 0.005;
  const shifts = (): Layer => {
    const data = random.uniformArray(width * height, -most, most);
    const smooth = gaussianFilter(
      { width, height, channels: 1, data },
      { sigmaY: height * 0.01, sigmaX: width * 0.01, truncate: 3, border: 'reflect' },
    );
    return layerOf(
      smooth,
      smooth.data.map((value) => value * strength),
    );
  };
  const [right, down] = [shifts(), shifts()];
  const out = new Float32Array(layer.data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      sample(layer, y + down.data[pixel]!, x + right.data[pixel]!, out, pixel * 3);
    }
  }
  return toImage(layerOf(layer, out));
}

/** Writes the colour at a place between pixels. */
function sample({ width, height, data }: Layer, y: number, x: number, out: Float32Array, to: number): void {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [down, right] = [y - top, x - left];
  const rows = [reflected(top, height) * width, reflected(top + 1, height) * width] as const;
  const columns = [reflected(left, width), reflected(left + 1, width)] as const;
  for (let c = 0; c < 3; c++) {
    const at = (row: 0 | 1, column: 0 | 1) => data[(rows[row] + columns[column]) * 3 + c]!;
    const above = at(0, 0) * (1 - right) + at(0, 1) * right;
    const below = at(1, 0) * (1 - right) + at(1, 1) * right;
    out[to + c] = above * (1 - down) + below * down;
  }
}
