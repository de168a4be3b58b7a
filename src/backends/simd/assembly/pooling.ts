// Pooling over windows, four channels at a time, and its gradients.

import { storePart } from './activations';
import { arg, ptr } from './memory-map';
import { fma } from './tile';

// Arguments 3 … 13: batch, height, width, channels, outHeight, outWidth, strideY, strideX, windowHeight,
// windowWidth, dilationY; 14 … 16: dilationX, padTop, padLeft.

/**
 * The largest value or the mean of each window, a row of the output a chunk; padding does not take part, nor what is
 * not a number in the largest value (as tfjs has it).
 */
export function pool(chunk: i32, _thread: i32): void {
  const input = ptr(0);
  const output = ptr(1);
  const mean = arg(2);
  const height = arg(4);
  const width = arg(5);
  const channels = arg(6);
  const outHeight = arg(7);
  const outWidth = arg(8);
  const dilationY = arg(13);
  const dilationX = arg(14);
  const top = (chunk % outHeight) * arg(9) - arg(15);
  const n = chunk / outHeight;
  const pixel = <usize>channels << 2;
  const firstY = top >= 0 ? top : top + ((dilationY - 1 - top) / dilationY) * dilationY;
  const endY = min(height, top + arg(11) * dilationY);
  for (let x = 0; x < outWidth; x++) {
    const left = x * arg(10) - arg(16);
    const firstX = left >= 0 ? left : left + ((dilationX - 1 - left) / dilationX) * dilationX;
    const endX = min(width, left + arg(12) * dilationX);
    const to = output + <usize>(chunk * outWidth + x) * pixel;
    const rows = max(0, (endY - firstY + dilationY - 1) / dilationY);
    const columns = max(0, (endX - firstX + dilationX - 1) / dilationX);
    const count = f32x4.splat(<f32>(rows * columns));
    for (let c: usize = 0; c < pixel; c += 16) {
      let value = f32x4.splat(mean ? 0 : -Infinity);
      for (let y = firstY; y < endY; y += dilationY) {
        let from = input + <usize>((n * height + y) * width + firstX) * pixel + c;
        for (let i = 0; i < columns; i++) {
          const here = v128.load(from);
          value = mean ? f32x4.add(value, here) : f32x4.pmax(value, here);
          from += <usize>dilationX * pixel;
        }
      }
      if (mean) value = f32x4.div(value, count);
      storePart(to + c, value, <i32>((pixel - c) >> 2));
    }
  }
}

/**
 * Gradient of the largest value, an image by four times `vectors` channels a chunk: the first place that holds the
 * largest value gets it. Windows follow each other in one chunk, so the order of sums is fixed.
 */
export function maxPoolGradient(chunk: i32, _thread: i32): void {
  const input = ptr(0);
  const gradient = ptr(1); // of the output
  const output = ptr(2); // the gradient of the input
  const height = arg(4);
  const width = arg(5);
  const channels = arg(6);
  const outHeight = arg(7);
  const outWidth = arg(8);
  const vectors = arg(17);
  const pixel = <usize>channels << 2;
  const groups = ((channels + 3) / 4 + vectors - 1) / vectors;
  const n = chunk / groups;
  const first = <usize>(chunk % groups) * <usize>vectors * 16;
  const bytes = min(pixel - first, <usize>vectors * 16);
  let cleared = 0;
  for (let oy = 0; oy < outHeight; oy++) {
    const top = oy * arg(9) - arg(15);
    const endY = min(height, top + arg(11));
    // Rows become zeros when a window first comes to them.
    for (; cleared < endY; cleared++) clearRow(output + <usize>((n * height + cleared) * width) * pixel + first, bytes);
    for (let ox = 0; ox < outWidth; ox++) {
      const left = ox * arg(10) - arg(16);
      const firstX = max(left, 0);
      const columns = min(width, left + arg(12)) - firstX;
      const corner = <usize>((n * height + max(top, 0)) * width + firstX) * pixel + first;
      const dy = gradient + <usize>((n * outHeight + oy) * outWidth + ox) * pixel + first;
      maxPoolWindow(input + corner, output + corner, dy, endY - max(top, 0), columns, pixel, bytes);
    }
  }
  for (; cleared < height; cleared++) clearRow(output + <usize>((n * height + cleared) * width) * pixel + first, bytes);
}

/** Sets `bytes` of every pixel of a row to zero. */
function clearRow(to: usize, bytes: usize): void {
  const pixel = <usize>arg(6) << 2;
  for (let x = 0; x < arg(5); x++, to += pixel) {
    for (let c: usize = 0; c < bytes; c += 16) {
      storePart(to + c, f32x4.splat(0), <i32>min((bytes - c) >> 2, 4));
    }
  }
}

/** Adds `dy` at the first place of a window that holds its largest value, for `bytes` of channels. */
// @ts-ignore: decorator
@inline
function maxPoolWindow(
  input: usize, output: usize, dy: usize, rows: i32, columns: i32, pixel: usize, bytes: usize,
): void {
  const row = <usize>arg(5) * pixel;
  for (let c: usize = 0; c < bytes; c += 16) {
    let best = f32x4.splat(-Infinity);
    let place = i32x4.splat(-1);
    let tap = 0;
    for (let i = 0; i < rows; i++) {
      let from = input + <usize>i * row + c;
      for (let j = 0; j < columns; j++, tap++, from += pixel) {
        const value = v128.load(from);
        const larger = f32x4.gt(value, best);
        best = v128.bitselect(value, best, larger);
        place = v128.bitselect(i32x4.splat(tap), place, larger);
      }
    }
    const lanes = <i32>min((bytes - c) >> 2, 4);
    const share = v128.load(dy + c);
    tap = 0;
    for (let i = 0; i < rows; i++) {
      let to = output + <usize>i * row + c;
      for (let j = 0; j < columns; j++, tap++, to += pixel) {
        const here = v128.and(share, i32x4.eq(place, i32x4.splat(tap)));
        storePart(to, f32x4.add(v128.load(to), here), lanes);
      }
    }
  }
}

/** Gradient of the mean over windows of `windowHeight * windowWidth`, padding counted; a row of the input a chunk. */
export function averagePoolGradient(chunk: i32, _thread: i32): void {
  const gradient = ptr(1);
  const output = ptr(2);
  const height = arg(4);
  const width = arg(5);
  const channels = arg(6);
  const outHeight = arg(7);
  const outWidth = arg(8);
  const strideY = arg(9);
  const strideX = arg(10);
  const pixel = <usize>channels << 2;
  const n = chunk / height;
  const share = f32x4.splat(1 / <f32>(arg(11) * arg(12)));
  for (let x = 0; x < width; x++) {
    const to = output + <usize>(chunk * width + x) * pixel;
    memory.fill(to, 0, pixel);
    for (let i = 0; i < arg(11); i++) {
      const up = (chunk % height) + arg(15) - i * arg(13);
      if (up < 0 || up % strideY != 0 || up / strideY >= outHeight) continue;
      for (let j = 0; j < arg(12); j++) {
        const across = x + arg(16) - j * arg(14);
        if (across < 0 || across % strideX != 0 || across / strideX >= outWidth) continue;
        const from = gradient + <usize>((n * outHeight + up / strideY) * outWidth + across / strideX) * pixel;
        for (let c: usize = 0; c < pixel; c += 16) {
          const sum = fma(v128.load(from + c), share, v128.load(to + c));
          storePart(to + c, sum, <i32>((pixel - c) >> 2));
        }
      }
    }
  }
}
