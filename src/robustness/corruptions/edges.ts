import { clamped, padded } from './border.js';
import { inner, type Grey } from './grey.js';

const TANGENT = 13573;

/** 1 at the edges of a picture, 0 elsewhere: Canny 1986, with whole numbers as in OpenCV. */
export function edges(grey: Grey, low: number, high: number): Float32Array {
  const { width, height } = grey;
  const stride = width + 2;
  const { dx, dy, size } = slopes(grey);
  // With a border of one pixel, where there is no ridge.
  const isRidge = new Uint8Array(size.length);
  const found = new Uint8Array(size.length);
  const stack: number[] = [];
  for (let y = 1; y <= height; y++) {
    for (let i = y * stride + 1; i <= y * stride + width; i++) {
      if (size[i]! <= low || !isHighest(size, i, stride, dx[i]!, dy[i]!)) continue;
      isRidge[i] = 1;
      if (size[i]! > high) stack.push(i);
    }
  }
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    if (found[i]) continue;
    found[i] = 1;
    for (let row = i - stride; row <= i + stride; row += stride) {
      for (let near = row - 1; near <= row + 1; near++) if (isRidge[near] && !found[near]) stack.push(near);
    }
  }
  return inner(found, width, height, 1);
}

/** How a picture rises to the right and down, and the sum of both sizes; with a border of one pixel, where nothing rises. */
function slopes({ width, height, data }: Grey) {
  const stride = width + 2;
  const grey = padded({ width, height, channels: 1, data }, 1, 1, clamped);
  const dx = new Int32Array(grey.length);
  const dy = new Int32Array(grey.length);
  const size = new Int32Array(grey.length);
  for (let y = 1; y <= height; y++) {
    for (let i = y * stride + 1; i <= y * stride + width; i++) {
      const above = i - stride;
      const below = i + stride;
      // The corners count once in both directions.
      const falling = grey[below + 1]! - grey[above - 1]!;
      const rising = grey[above + 1]! - grey[below - 1]!;
      dx[i] = falling + rising + 2 * (grey[i + 1]! - grey[i - 1]!);
      dy[i] = falling - rising + 2 * (grey[below]! - grey[above]!);
      size[i] = Math.abs(dx[i]!) + Math.abs(dy[i]!);
    }
  }
  return { dx, dy, size };
}

/** Whether the slope is steeper here than at both neighbours in its direction. */
function isHighest(size: Int32Array, i: number, stride: number, dx: number, dy: number): boolean {
  const here = size[i]!;
  const across = Math.abs(dx) * TANGENT;
  const down = Math.abs(dy) * 32768;
  if (down < across) return here > size[i - 1]! && here >= size[i + 1]!;
  if (down > across + Math.abs(dx) * 65536) return here > size[i - stride]! && here >= size[i + stride]!;
  const diagonal = (dx ^ dy) < 0 ? stride - 1 : stride + 1;
  return here > size[i - diagonal]! && here > size[i + diagonal]!;
}
