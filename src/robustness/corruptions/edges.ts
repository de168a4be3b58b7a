import { clamped, reflected101 } from './gaussian.js';

/** One channel of whole numbers, rows from the top. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

const TANGENT = 13573;
const NEIGHBOURS = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [dy, dx] as const));

/** 1 at the edges of a picture, 0 elsewhere: Canny 1986, with whole numbers as in OpenCV. */
export function edges({ width, height, data }: Grey, low: number, high: number): Uint8Array {
  const at = (y: number, x: number) => data[clamped(y, height) * width + clamped(x, width)]!;
  const dx = new Int32Array(width * height);
  const dy = new Int32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const side = (step: number) => at(y - 1, x + step) + 2 * at(y, x + step) + at(y + 1, x + step);
      const row = (step: number) => at(y + step, x - 1) + 2 * at(y + step, x) + at(y + step, x + 1);
      dx[i] = side(1) - side(-1);
      dy[i] = row(1) - row(-1);
    }
  }
  const size = (y: number, x: number) => {
    if (y < 0 || y >= height || x < 0 || x >= width) return 0;
    const i = y * width + x;
    return Math.abs(dx[i]!) + Math.abs(dy[i]!);
  };
  const isRidge = new Uint8Array(width * height);
  const found = new Uint8Array(width * height);
  const stack: number[] = [];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const here = size(y, x);
      if (here <= low || !isHighest(here, y, x, dx[i]!, dy[i]!, size)) continue;
      isRidge[i] = 1;
      if (here > high) stack.push(i);
    }
  }
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    if (found[i]) continue;
    found[i] = 1;
    const [y, x] = [Math.floor(i / width), i % width];
    for (const [down, right] of NEIGHBOURS) {
      const [ny, nx] = [y + down, x + right];
      if (ny < 0 || ny >= height || nx < 0 || nx >= width) continue;
      if (isRidge[ny * width + nx]) stack.push(ny * width + nx);
    }
  }
  return found;
}

/** Whether the slope is steeper here than at both neighbours in its direction. */
function isHighest(
  here: number,
  y: number,
  x: number,
  dx: number,
  dy: number,
  size: (y: number, x: number) => number,
): boolean {
  const across = Math.abs(dx) * TANGENT;
  const down = Math.abs(dy) * 32768;
  if (down < across) return here > size(y, x - 1) && here >= size(y, x + 1);
  if (down > across + Math.abs(dx) * 65536) return here > size(y - 1, x) && here >= size(y + 1, x);
  const side = (dx ^ dy) < 0 ? -1 : 1;
  return here > size(y - 1, x - side) && here > size(y + 1, x + side);
}

/** Lengths of a step to a neighbour, to one across a corner, and of a knight's move, with 16 bits after the point. */
const [STRAIGHT, DIAGONAL, KNIGHT] = [65536, Math.round(1.4 * 65536), Math.round(2.1969 * 65536)] as const;
const before: readonly (readonly [dy: number, dx: number, length: number])[] = [
  [-2, -1, KNIGHT],
  [-2, 1, KNIGHT],
  [-1, -2, KNIGHT],
  [-1, -1, DIAGONAL],
  [-1, 0, STRAIGHT],
  [-1, 1, DIAGONAL],
  [-1, 2, KNIGHT],
  [0, -1, STRAIGHT],
];

/** How far each pixel is from the nearest one that is set, in steps (Borgefors 1986), as OpenCV's `DIST_L2` of mask 5. */
export function distancesTo(isSet: Uint8Array, width: number, height: number): Float32Array {
  const far = 2 ** 29;
  const steps = Float64Array.from(isSet, (set) => (set ? 0 : far));
  const relax = (i: number, sign: 1 | -1) => {
    const [y, x] = [Math.floor(i / width), i % width];
    for (const [dy, dx, length] of before) {
      const [ny, nx] = [y + sign * dy, x + sign * dx];
      if (ny < 0 || ny >= height || nx < 0 || nx >= width) continue;
      steps[i] = Math.min(steps[i]!, steps[ny * width + nx]! + length);
    }
  };
  for (let i = 0; i < steps.length; i++) relax(i, 1);
  for (let i = steps.length - 1; i >= 0; i--) relax(i, -1);
  return Float32Array.from(steps, (value) => value / 65536);
}

/** A filter of 3 x 3 weights; the border is mirrored in the last pixels. */
export function filter3(
  { width, height, data }: Grey,
  weights: readonly number[],
  finish: (sum: number) => number,
): Float32Array {
  const out = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let sum = 0;
      NEIGHBOURS.forEach(([dy, dx], k) => {
        sum += weights[k]! * data[reflected101(y + dy, height) * width + reflected101(x + dx, width)]!;
      });
      out[i] = finish(sum);
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
  return Float32Array.from(bytes, (value) => table[value]!);
}
