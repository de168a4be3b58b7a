import type { RgbImage } from './image.js';

/** A filter of resizing: its weight at a distance, and the distance beyond which it has none. */
interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

const filters: Record<'bilinear' | 'bicubic', Filter> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys 1981 with a = -0.5.
  bicubic: {
    support: 2,
    weight: (distance) => {
      const a = -0.5;
      const x = Math.abs(distance);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
};

/** Bits after the point of the integer weights, as in PIL. */
const PRECISION = 22;

/** Which pixels of a row make one of the resized row, and with what weights. */
interface Window {
  readonly start: number;
  /** Of PRECISION bits after the point. */
  readonly weights: Int32Array;
}

/**
 * Resizes with antialiasing: when an image gets smaller the filter widens, so that every pixel counts. Rows first, then
 * columns, both in integers and rounded to bytes, as PIL's Image.resize and so torchvision on PIL images.
 */
export function resize(
  image: RgbImage,
  height: number,
  width: number,
  interpolation: 'bilinear' | 'bicubic',
): RgbImage {
  const filter = filters[interpolation];
  let { data } = image;
  if (width !== image.width) {
    data = resizeRows(data, image.height, image.width, windows(image.width, width, filter));
  }
  if (height !== image.height) {
    data = resizeColumns(data, width, windows(image.height, height, filter));
  }
  return { width, height, data };
}

/** Resizes so that the short side has `length` pixels; the long one is rounded down, as in torchvision. */
export function resizeShortSide(
  image: RgbImage,
  length: number,
  interpolation: 'bilinear' | 'bicubic',
): RgbImage {
  const { width, height } = image;
  const short = Math.min(width, height);
  if (short === length) return image;
  const scaled = (side: number) => Math.max(1, Math.trunc((length * side) / short));
  return resize(image, scaled(height), scaled(width), interpolation);
}

/** The square of `size` pixels in the middle; what lies outside of a smaller image is black, as in torchvision. */
export function centreCrop(image: RgbImage, size: number): RgbImage {
  const { width, height, data } = image;
  const out = new Uint8Array(size * size * 3);
  // torchvision pads a smaller image by half of what it lacks, rounded down, and crops a larger one rounded to even.
  const offset = (length: number) =>
    length < size ? -Math.floor((size - length) / 2) : roundTiesToEven((length - size) / 2);
  const top = offset(height);
  const left = offset(width);
  for (let y = Math.max(0, -top); y < size && y + top < height; y++) {
    const first = Math.max(0, -left);
    const last = Math.min(size, width - left);
    const from = ((y + top) * width + first + left) * 3;
    out.set(data.subarray(from, from + (last - first) * 3), (y * size + first) * 3);
  }
  return { width: size, height: size, data: out };
}

function roundTiesToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function windows(from: number, to: number, { support, weight }: Filter): Window[] {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const radius = support * stretch;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - radius + 0.5));
    const end = Math.min(from, Math.trunc(centre + radius + 0.5));
    const raw = Array.from({ length: end - start }, (_, k) => weight((k + start - centre + 0.5) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { start, weights: Int32Array.from(raw, (w) => roundHalfAway((w / sum) * 2 ** PRECISION)) };
  });
}

function roundHalfAway(x: number): number {
  return x < 0 ? Math.ceil(x - 0.5) : Math.floor(x + 0.5);
}

const HALF = 1 << (PRECISION - 1);

function resizeRows(data: ArrayLike<number>, height: number, width: number, targets: Window[]): Uint8Array {
  const out = new Uint8ClampedArray(height * targets.length * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (const { start, weights } of targets) {
      let from = (y * width + start) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (const w of weights) {
        red += data[from]! * w;
        green += data[from + 1]! * w;
        blue += data[from + 2]! * w;
        from += 3;
      }
      out[to++] = red >> PRECISION;
      out[to++] = green >> PRECISION;
      out[to++] = blue >> PRECISION;
    }
  }
  return new Uint8Array(out.buffer);
}

function resizeColumns(data: ArrayLike<number>, width: number, targets: Window[]): Uint8Array {
  const stride = width * 3;
  const out = new Uint8ClampedArray(targets.length * stride);
  const sums = new Int32Array(stride);
  targets.forEach(({ start, weights }, y) => {
    sums.fill(HALF);
    weights.forEach((w, k) => {
      const from = (start + k) * stride;
      for (let i = 0; i < stride; i++) sums[i]! += data[from + i]! * w;
    });
    for (let i = 0; i < stride; i++) out[y * stride + i] = sums[i]! >> PRECISION;
  });
  return new Uint8Array(out.buffer);
}
