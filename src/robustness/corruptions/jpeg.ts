import type { RgbImage } from '../../vision/image.js';
import { forwardDct, inverseDct } from './dct.js';

/** The quantisation tables of the JPEG standard, annex K, at quality 50. */
const LUMINANCE = [
  ...[16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56],
  ...[14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92],
  ...[49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99],
];
const CHROMINANCE = [
  ...[17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99],
  ...[47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99],
  ...[99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99],
];

/** Values of one channel, rows from the top. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Int32Array;
}

/**
 * What is left of an image after it was written as JPEG and read again: the same bytes as libjpeg-turbo gives, as Pillow calls it, of
 * chroma at half the size. The step between, which packs the numbers, loses nothing and is left out.
 * @param quality - From 1 to 100.
 */
export function jpegRoundTrip(image: RgbImage, quality: number): RgbImage {
  const { width, height } = image;
  const [y, cb, cr] = toYcc(image);
  const luminance = quantized(y!, scaledTable(LUMINANCE, quality));
  const [blue, red] = [cb!, cr!].map((plane) => {
    const small = quantized(halved(plane), scaledTable(CHROMINANCE, quality));
    return doubled(small, width, height);
  });
  return toRgb(luminance, blue!, red!);
}

function scaledTable(table: readonly number[], quality: number): number[] {
  const scale = quality < 50 ? Math.trunc(5000 / quality) : 200 - 2 * quality;
  return table.map((value) => Math.min(255, Math.max(1, Math.trunc((value * scale + 50) / 100))));
}

function toYcc({ width, height, data }: RgbImage): Plane[] {
  const planes = [0, 1, 2].map(() => new Int32Array(width * height));
  const [y, cb, cr] = planes as [Int32Array, Int32Array, Int32Array];
  for (let i = 0, from = 0; i < y.length; i++, from += 3) {
    const r = data[from]!;
    const g = data[from + 1]!;
    const b = data[from + 2]!;
    y[i] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
    cb[i] = (-11059 * r - 21709 * g + 32768 * b + 8421375) >> 16;
    cr[i] = (32768 * r - 27439 * g - 5329 * b + 8421375) >> 16;
  }
  return planes.map((data) => ({ width, height, data }));
}

function toRgb(y: Plane, cb: Plane, cr: Plane): RgbImage {
  const { width, height } = y;
  const data = new Uint8ClampedArray(width * height * 3);
  for (let i = 0, to = 0; i < y.data.length; i++, to += 3) {
    const blue = cb.data[i]! - 128;
    const red = cr.data[i]! - 128;
    data[to] = y.data[i]! + ((91881 * red + 32768) >> 16);
    data[to + 1] = y.data[i]! + ((-22554 * blue - 46802 * red + 32768) >> 16);
    data[to + 2] = y.data[i]! + ((116130 * blue + 32768) >> 16);
  }
  return { width, height, data };
}

/** Means of two by two pixels. Halves are rounded down and up by turns. */
function halved({ width, height, data }: Plane): Plane {
  const w = Math.ceil(width / 2);
  const h = Math.ceil(height / 2);
  const out = new Int32Array(w * h);
  for (let y = 0; y < h; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = Math.min(2 * x + 1, width - 1);
      const sum = data[upper + left]! + data[upper + right]! + data[lower + left]! + data[lower + right]!;
      out[y * w + x] = (sum + 1 + (x & 1)) >> 2;
    }
  }
  return { width: w, height: h, data: out };
}

/** Twice the size, each value three parts the nearest and one part the next, in both directions. */
function doubled({ width: w, height: h, data }: Plane, width: number, height: number): Plane {
  const out = new Int32Array(width * height);
  const sums = new Int32Array(w);
  for (let y = 0; y < height; y++) {
    const near = y >> 1;
    const far = Math.min(h - 1, Math.max(0, near + (y & 1 ? 1 : -1)));
    for (let x = 0; x < w; x++) sums[x] = 3 * data[near * w + x]! + data[far * w + x]!;
    for (let x = 0; x < width; x++) {
      const centre = x >> 1;
      const beside = Math.min(w - 1, Math.max(0, centre + (x & 1 ? 1 : -1)));
      out[y * width + x] = (3 * sums[centre]! + sums[beside]! + (x & 1 ? 7 : 8)) >> 4;
    }
  }
  return { width, height, data: out };
}

/** The plane after its cosine coefficients were rounded to multiples of the table's steps, block by block. */
function quantized({ width, height, data }: Plane, table: readonly number[]): Plane {
  const out = new Int32Array(width * height);
  const block = new Int32Array(64);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      for (let i = 0; i < 64; i++) {
        // Beyond the border the last pixels go on.
        const y = Math.min(top + (i >> 3), height - 1);
        block[i] = data[y * width + Math.min(left + (i & 7), width - 1)]! - 128;
      }
      forwardDct(block);
      for (let i = 0; i < 64; i++) {
        const step = table[i]!;
        // Coefficients are 8 times as large as they should be.
        const size = Math.trunc((Math.abs(block[i]!) + step * 4) / (step * 8));
        block[i] = (block[i]! < 0 ? -size : size) * step;
      }
      inverseDct(block);
      for (let i = 0; i < 64; i++) {
        const y = top + (i >> 3);
        const x = left + (i & 7);
        if (y < height && x < width) out[y * width + x] = Math.min(255, Math.max(0, block[i]! + 128));
      }
    }
  }
  return { width, height, data: out };
}
