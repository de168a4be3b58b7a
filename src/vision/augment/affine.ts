import type { RgbImage } from '../image.js';
import { crop } from './crop.js';

/** Where the pixel (x, y) of the result comes from: (a x + b y + c, d x + e y + f). */
type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Moves each row by `factor` times its height to the left; nearest pixels, black outside. As torchvision's affine. */
export function shearX(image: RgbImage, factor: number): RgbImage {
  return transform(image, [1, factor, 0, 0, 1, 0]);
}

/** Moves each column by `factor` times its place up; nearest pixels, black outside. As torchvision's affine. */
export function shearY(image: RgbImage, factor: number): RgbImage {
  return transform(image, [1, 0, 0, factor, 1, 0]);
}

/** Moves the image right and down by whole pixels; black comes in. As torchvision's affine. */
export function translate(image: RgbImage, right: number, down: number): RgbImage {
  const { width, height } = image;
  return crop(image, { left: -Math.trunc(right), top: -Math.trunc(down), width, height });
}

/** Rotates around the middle, counter-clockwise by degrees; nearest pixels, black outside. As torchvision's rotate. */
export function rotate(image: RgbImage, degrees: number): RgbImage {
  const radians = (-degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const [x, y] = [image.width / 2, image.height / 2];
  return transform(image, [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y]);
}

/** As PIL's Image.transform of nearest pixels, with 16 bits after the point. */
function transform({ width, height, data }: RgbImage, [a, b, c, d, e, f]: Affine): RgbImage {
  const fixed = (value: number) => Math.floor(value * 65536 + 0.5);
  const [stepX, stepY] = [fixed(a), fixed(d)];
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < height; y++) {
    // From the middle of the row's first pixel.
    let fromX = fixed(c + (a + b) / 2) + y * fixed(b);
    let fromY = fixed(f + (d + e) / 2) + y * fixed(e);
    for (let x = 0; x < width; x++, to += 3, fromX += stepX, fromY += stepY) {
      const [column, row] = [fromX >> 16, fromY >> 16];
      if (column < 0 || column >= width || row < 0 || row >= height) continue;
      const from = (row * width + column) * 3;
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  return { width, height, data: out };
}
