import { padded, reflected101 } from './border.js';

/** One channel of whole numbers, rows from the top. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

/** A picture without a border of so many pixels. */
export function inner(data: ArrayLike<number>, width: number, height: number, border: number): Float32Array {
  const out = new Float32Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const from = (y + border) * (width + 2 * border) + border;
    for (let x = 0; x < width; x++, to++) out[to] = data[from + x]!;
  }
  return out;
}

/** A filter of 3 x 3 weights; the border is mirrored in the last pixels. */
export function filter3(
  { width, height, data }: Grey,
  weights: readonly number[],
  finish: (sum: number) => number,
): Float32Array {
  const stride = width + 2;
  const grey = padded({ width, height, channels: 1, data }, 1, 1, reflected101);
  const out = new Float32Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to++) {
      let sum = 0;
      for (let k = 0, from = y * stride + x; k < 9; k += 3, from += stride) {
        sum +=
          weights[k]! * grey[from]! + weights[k + 1]! * grey[from + 1]! + weights[k + 2]! * grey[from + 2]!;
      }
      out[to] = finish(sum);
    }
  }
  return out;
}

/** Spreads bytes so that all are about as frequent, as OpenCV's equalizeHist. */
export function equalized(bytes: ArrayLike<number>): Float32Array {
  const counts = new Array<number>(256).fill(0);
  for (let i = 0; i < bytes.length; i++) counts[bytes[i]!]!++;
  const first = counts.findIndex((count) => count > 0);
  if (counts[first] === bytes.length) return Float32Array.from(bytes);
  const scale = 255 / (bytes.length - counts[first]!);
  let sum = 0;
  const table = counts.map((count, value) => (value <= first ? 0 : Math.round((sum += count) * scale)));
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = table[bytes[i]!]!;
  return out;
}
