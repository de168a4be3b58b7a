// Depthwise convolution with one filter a channel, four channels at a time, and its gradients.

import { activate, storePart } from './activations';
import { arg, ptr, real } from './memory-map';
import { clamp, fma } from './tile';

/**
 * Rows of the output. Pixels whose windows lie inside the image are done four at a time, the others one by one.
 */
export function depthwise(chunk: i32, _thread: i32): void {
  const output = ptr(2);
  const bias = ptr(3);
  const activation = arg(7);
  const batch = arg(8);
  const channels = arg(11);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const strideX = arg(15);
  const kernelWidth = arg(17);
  const dilationX = arg(19);
  const padLeft = arg(21);
  const rowsPerChunk = arg(22);
  const width = arg(10);
  // Output columns [inner, outer) see only columns of the image.
  const inner = min(outWidth, (padLeft + strideX - 1) / strideX);
  const reach = width - 1 + padLeft - (kernelWidth - 1) * dilationX;
  const outer = reach < 0 ? inner : max(inner, min(outWidth, reach / strideX + 1));
  const end = min((chunk + 1) * rowsPerChunk, batch * outHeight);
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    const to = output + <usize>(row * outWidth * channels) * 4;
    for (let x = 0; x < inner; x++) depthwisePixel(row, x, bias);
    let x = inner;
    for (; x + 4 <= outer; x += 4) depthwiseQuad(row, x, bias);
    if (x < outer && outer - inner >= 4) {
      // The last of them once more, with some that are done already.
      depthwiseQuad(row, outer - 4, bias);
      x = outer;
    }
    for (; x < outWidth; x++) depthwisePixel(row, x, bias);
    if (activation) activate(activation, to, to, outWidth * channels);
  }
}

/** Four neighbouring pixels whose windows are inside. */
function depthwiseQuad(row: i32, x: i32, bias: usize): void {
  const height = arg(9);
  const width = arg(10);
  const channels = arg(11);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const kernelWidth = arg(17);
  const dilationY = arg(18);
  const top = (row % outHeight) * arg(14) - arg(20);
  const left = x * arg(15) - arg(21);
  const pixel = <usize>channels << 2;
  const tap = <usize>arg(19) * pixel;
  const next = <usize>arg(15) * pixel;
  const line = <usize>(dilationY * width) * pixel;
  const firstY = firstTap(top, dilationY);
  const endY = endTap(top, dilationY, height, arg(16));
  const first = ((row / outHeight) * height + top + firstY * dilationY) * width + left;
  const image = ptr(0) + <usize>first * pixel;
  const kernel = ptr(1) + <usize>(firstY * kernelWidth) * pixel;
  const to = ptr(2) + <usize>(row * outWidth + x) * pixel;
  const rows = endY - firstY;
  for (let c: usize = 0; c < pixel; c += 16) {
    const start = bias ? v128.load(bias + c) : f32x4.splat(0);
    const left = min(4, <i32>((pixel - c) >> 2));
    if (kernelWidth == 3 && next == tap) {
      quadOf(3, start, image + c, kernel + c, rows, line, tap, pixel, to + c, left);
    } else if (kernelWidth == 5 && next == tap) {
      quadOf(5, start, image + c, kernel + c, rows, line, tap, pixel, to + c, left);
    } else {
      quadOfAny(start, image + c, kernel + c, rows, line, tap, pixel, to + c, left, next, kernelWidth);
    }
  }
}

/**
 * Four channels of four pixels, of stride 1: neighbours share what they read. `taps` of a row is the constant 3 or 5, so that the
 * compiler leaves out what 3 do not need.
 */
// @ts-ignore: decorator
@inline
function quadOf(
  taps: i32, start: v128, from: usize, weights: usize, rows: i32, line: usize, tap: usize, pixel: usize, to: usize, channels: i32,
): void {
  let sum0 = start;
  let sum1 = start;
  let sum2 = start;
  let sum3 = start;
  for (let y = 0; y < rows; y++) {
    const w0 = v128.load(weights);
    const w1 = v128.load(weights + pixel);
    const w2 = v128.load(weights + 2 * pixel);
    let value = v128.load(from);
    sum0 = fma(value, w0, sum0);
    value = v128.load(from + tap);
    sum0 = fma(value, w1, sum0);
    sum1 = fma(value, w0, sum1);
    value = v128.load(from + 2 * tap);
    sum0 = fma(value, w2, sum0);
    sum1 = fma(value, w1, sum1);
    sum2 = fma(value, w0, sum2);
    const third = v128.load(from + 3 * tap);
    sum1 = fma(third, w2, sum1);
    sum2 = fma(third, w1, sum2);
    sum3 = fma(third, w0, sum3);
    const fourth = v128.load(from + 4 * tap);
    sum2 = fma(fourth, w2, sum2);
    sum3 = fma(fourth, w1, sum3);
    const fifth = v128.load(from + 5 * tap);
    sum3 = fma(fifth, w2, sum3);
    if (taps == 5) {
      const w3 = v128.load(weights + 3 * pixel);
      const w4 = v128.load(weights + 4 * pixel);
      sum0 = fma(third, w3, sum0);
      sum0 = fma(fourth, w4, sum0);
      sum1 = fma(fourth, w3, sum1);
      sum1 = fma(fifth, w4, sum1);
      sum2 = fma(fifth, w3, sum2);
      value = v128.load(from + 6 * tap);
      sum2 = fma(value, w4, sum2);
      sum3 = fma(value, w3, sum3);
      sum3 = fma(v128.load(from + 7 * tap), w4, sum3);
    }
    weights += taps * pixel;
    from += line;
  }
  storeQuad(to, pixel, channels, sum0, sum1, sum2, sum3);
}

/** The same with any number of taps a row, and any stride: `next` bytes from one pixel to the next. */
// @ts-ignore: decorator
@inline
function quadOfAny(
  start: v128, from: usize, weights: usize, rows: i32, line: usize, tap: usize, pixel: usize, to: usize, channels: i32, next: usize, kernelWidth: i32,
): void {
  let sum0 = start;
  let sum1 = start;
  let sum2 = start;
  let sum3 = start;
  for (let y = 0; y < rows; y++) {
    let at = from;
    for (let i = 0; i < kernelWidth; i++) {
      const weight = v128.load(weights);
      sum0 = fma(v128.load(at), weight, sum0);
      sum1 = fma(v128.load(at + next), weight, sum1);
      sum2 = fma(v128.load(at + 2 * next), weight, sum2);
      sum3 = fma(v128.load(at + 3 * next), weight, sum3);
      weights += pixel;
      at += tap;
    }
    from += line;
  }
  storeQuad(to, pixel, channels, sum0, sum1, sum2, sum3);
}

/** Stores, clamped, four channels of four pixels, or fewer of the last channels. */
// @ts-ignore: decorator
@inline
function storeQuad(to: usize, pixel: usize, channels: i32, sum0: v128, sum1: v128, sum2: v128, sum3: v128): void {
  const least = f32x4.splat(real(5));
  const most = f32x4.splat(real(6));
  sum0 = clamp(sum0, least, most);
  sum1 = clamp(sum1, least, most);
  sum2 = clamp(sum2, least, most);
  sum3 = clamp(sum3, least, most);
  if (channels == 4) {
    v128.store(to, sum0);
    v128.store(to + pixel, sum1);
    v128.store(to + 2 * pixel, sum2);
    v128.store(to + 3 * pixel, sum3);
  } else {
    storePart(to, sum0, channels);
    storePart(to + pixel, sum1, channels);
    storePart(to + 2 * pixel, sum2, channels);
    storePart(to + 3 * pixel, sum3, channels);
  }
}

/** One pixel, whose window may reach outside. */
function depthwisePixel(row: i32, x: i32, bias: usize): void {
  const height = arg(9);
  const width = arg(10);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const kernelWidth = arg(17);
  const dilationY = arg(18);
  const dilationX = arg(19);
  const top = (row % outHeight) * arg(14) - arg(20);
  const left = x * arg(15) - arg(21);
  const firstY = firstTap(top, dilationY);
  const firstX = firstTap(left, dilationX);
  const endY = endTap(top, dilationY, height, arg(16));
  const endX = endTap(left, dilationX, width, kernelWidth);
  const pixel = <usize>arg(11) << 2;
  const tap = <usize>dilationX * pixel;
  const line = <usize>(dilationY * width) * pixel;
  const first = ((row / outHeight) * height + top + firstY * dilationY) * width + left + firstX * dilationX;
  const image = ptr(0) + <usize>first * pixel;
  const kernel = ptr(1) + <usize>(firstY * kernelWidth + firstX) * pixel;
  const to = ptr(2) + <usize>(row * outWidth + x) * pixel;
  const least = f32x4.splat(real(5));
  const most = f32x4.splat(real(6));
  for (let c: usize = 0; c < pixel; c += 16) {
    let sum = bias ? v128.load(bias + c) : f32x4.splat(0);
    let from = image + c;
    let weights = kernel + c;
    for (let i = firstY; i < endY; i++) {
      let at = from;
      let weight = weights;
      for (let j = firstX; j < endX; j++) {
        sum = fma(v128.load(at), v128.load(weight), sum);
        at += tap;
        weight += pixel;
      }
      from += line;
      weights += <usize>kernelWidth * pixel;
    }
    storePart(to + c, clamp(sum, least, most), <i32>((pixel - c) >> 2));
  }
}

/** The first tap of a window's side that is inside the image, where the window starts at `start`. */
// @ts-ignore: decorator
@inline
function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation;
}

/** The tap behind the last that is inside an image of `size` pixels. */
// @ts-ignore: decorator
@inline
function endTap(start: i32, dilation: i32, size: i32, taps: i32): i32 {
  return min(taps, (size - start + dilation - 1) / dilation);
}

/**
 * Gradient of the input of any stride: each pixel gathers from the windows that it lies in. Strides and dilations are
 * never both above 1, so that of a window's side the taps that meet a pixel are `stride` apart, and the windows that
 * they belong to `dilation` (or 1).
 */
export function depthwiseInput(chunk: i32, _thread: i32): void {
  const height = arg(9);
  const width = arg(10);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const strideY = arg(14);
  const strideX = arg(15);
  const kernelWidth = arg(17);
  const dilationY = arg(18);
  const dilationX = arg(19);
  const pixel = <usize>arg(11) << 2;
  const y = (chunk % height) + arg(20);
  const skippedY = skippedWindows(y / strideY, dilationY, outHeight);
  const countY = windows(y, strideY, dilationY, arg(16)) - skippedY;
  const row = (chunk / height) * outHeight + y / strideY - skippedY * dilationY;
  const firstY = (y % strideY) + skippedY * strideY;
  const gradientLine = <usize>(dilationY * outWidth) * pixel;
  const kernelLine = <usize>(strideY * kernelWidth) * pixel;
  const gradientTap = <usize>dilationX * pixel;
  const kernelTap = <usize>strideX * pixel;
  for (let x = 0; x < width; x++) {
    const right = x + arg(21);
    const skippedX = skippedWindows(right / strideX, dilationX, outWidth);
    const countX = windows(right, strideX, dilationX, kernelWidth) - skippedX;
    const column = right / strideX - skippedX * dilationX;
    const firstX = (right % strideX) + skippedX * strideX;
    const gradient = ptr(0) + <usize>(row * outWidth + column) * pixel; // [batch, outHeight, outWidth, channels]
    const kernel = ptr(1) + <usize>(firstY * kernelWidth + firstX) * pixel;
    const to = ptr(2) + <usize>(chunk * width + x) * pixel;
    if (countY <= 0 || countX <= 0) memory.fill(to, 0, pixel);
    for (let i = 0; i < countY; i++) {
      const from = gradient - <usize>i * gradientLine;
      const weights = kernel + <usize>i * kernelLine;
      for (let j = 0; j < countX; j++) {
        const added = i + j > 0 ? to : 0;
        addProducts(from - <usize>j * gradientTap, weights + <usize>j * kernelTap, added, to, pixel);
      }
    }
  }
}

/** Products of the floats of two stretches, with those of a third (or none, at address 0) added; `size` is in bytes. */
// @ts-ignore: decorator
@inline
function addProducts(a: usize, b: usize, added: usize, to: usize, size: usize): void {
  let c: usize = 0;
  if (added) {
    for (; c + 16 <= size; c += 16) v128.store(to + c, fma(v128.load(a + c), v128.load(b + c), v128.load(added + c)));
  } else {
    for (; c + 16 <= size; c += 16) v128.store(to + c, f32x4.mul(v128.load(a + c), v128.load(b + c)));
  }
  if (c < size) {
    const rest = added ? v128.load(added + c) : f32x4.splat(0);
    storePart(to + c, fma(v128.load(a + c), v128.load(b + c), rest), <i32>((size - c) >> 2));
  }
}

/** How many of the windows that would meet a pixel, from the last one back, lie behind the output's end. */
// @ts-ignore: decorator
@inline
function skippedWindows(last: i32, dilation: i32, outSize: i32): i32 {
  return last < outSize ? 0 : (last - outSize + dilation) / dilation;
}

/** How many windows from the last one back meet a pixel, those behind the output's end counted. */
// @ts-ignore: decorator
@inline
function windows(position: i32, stride: i32, dilation: i32, taps: i32): i32 {
  return min((taps - (position % stride) + stride - 1) / stride, position / stride / dilation + 1);
}

/** Output pixels whose gradients of the filter are added up while the image's part stays in the first cache. */
const BLOCK_PIXELS: i32 = 128;

/** Gradient of the filter, summed over a slice of the output's rows: [slices, kernelHeight, kernelWidth, channels]. */
export function depthwiseFilter(chunk: i32, _thread: i32): void {
  const outWidth = arg(13);
  const strideX = arg(15);
  const kernelHeight = arg(16);
  const kernelWidth = arg(17);
  const dilationX = arg(19);
  const padLeft = arg(21);
  const rowsPerChunk = arg(22);
  const pixel = <usize>arg(11) << 2;
  // Room for channels that are not a multiple of four: every tap starts at a multiple of 16 bytes.
  const padded = (pixel + 15) & ~15;
  const to = ptr(2) + <usize>(chunk * kernelHeight * kernelWidth) * padded;
  memory.fill(to, 0, <usize>(kernelHeight * kernelWidth) * padded);
  const end = min((chunk + 1) * rowsPerChunk, arg(8) * arg(12));
  const rowsPerBlock = max(1, BLOCK_PIXELS / outWidth);
  for (let row = chunk * rowsPerChunk; row < end; row += rowsPerBlock) {
    const blockEnd = min(end, row + rowsPerBlock);
    for (let c: usize = 0; c < padded; c += 64) {
      for (let i = 0; i < kernelHeight; i++) {
        for (let j = 0; j < kernelWidth; j++) {
          const shift = j * dilationX - padLeft;
          // Output columns whose tap is inside the image.
          const first = shift >= 0 ? 0 : (strideX - 1 - shift) / strideX;
          const last = arg(10) - 1 - shift;
          const stop = last < 0 ? 0 : min(outWidth, last / strideX + 1);
          if (first >= stop) continue;
          const at = to + <usize>(i * kernelWidth + j) * padded + c;
          if (c + 64 <= padded) {
            filterTapOf16(at, c, row, blockEnd, i, first, stop, shift);
          } else {
            for (let rest: usize = 0; c + rest < padded; rest += 16) {
              filterTapOf4(at + rest, c + rest, row, blockEnd, i, first, stop, shift);
            }
          }
        }
      }
    }
  }
}

/** Adds to 16 channels of tap i what output columns [first, stop) of some rows give; `c` is in bytes. */
function filterTapOf16(at: usize, c: usize, row: i32, end: i32, i: i32, first: i32, stop: i32, shift: i32): void {
  const height = arg(9);
  const width = arg(10);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const strideX = arg(15);
  const pixel = <usize>arg(11) << 2;
  const step = <usize>strideX * pixel;
  let sum0 = v128.load(at);
  let sum1 = v128.load(at, 16);
  let sum2 = v128.load(at, 32);
  let sum3 = v128.load(at, 48);
  for (; row < end; row++) {
    const y = (row % outHeight) * arg(14) - arg(20) + i * arg(18);
    if (<u32>y >= <u32>height) continue;
    let a = ptr(0) + <usize>(((row / outHeight) * height + y) * width + first * strideX + shift) * pixel + c;
    let b = ptr(1) + <usize>(row * outWidth + first) * pixel + c;
    for (let k = first; k < stop; k++) {
      sum0 = fma(v128.load(a), v128.load(b), sum0);
      sum1 = fma(v128.load(a, 16), v128.load(b, 16), sum1);
      sum2 = fma(v128.load(a, 32), v128.load(b, 32), sum2);
      sum3 = fma(v128.load(a, 48), v128.load(b, 48), sum3);
      a += step;
      b += pixel;
    }
  }
  v128.store(at, sum0);
  v128.store(at, sum1, 16);
  v128.store(at, sum2, 32);
  v128.store(at, sum3, 48);
}

/** The same of 4 channels. */
function filterTapOf4(at: usize, c: usize, row: i32, end: i32, i: i32, first: i32, stop: i32, shift: i32): void {
  const height = arg(9);
  const width = arg(10);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const strideX = arg(15);
  const pixel = <usize>arg(11) << 2;
  const step = <usize>strideX * pixel;
  let sum0 = v128.load(at);
  let sum1 = f32x4.splat(0);
  for (; row < end; row++) {
    const y = (row % outHeight) * arg(14) - arg(20) + i * arg(18);
    if (<u32>y >= <u32>height) continue;
    let a = ptr(0) + <usize>(((row / outHeight) * height + y) * width + first * strideX + shift) * pixel + c;
    let b = ptr(1) + <usize>(row * outWidth + first) * pixel + c;
    let k = first;
    for (; k + 2 <= stop; k += 2) {
      sum0 = fma(v128.load(a), v128.load(b), sum0);
      sum1 = fma(v128.load(a + step), v128.load(b + pixel), sum1);
      a += 2 * step;
      b += 2 * pixel;
    }
    if (k < stop) sum0 = fma(v128.load(a), v128.load(b), sum0);
  }
  v128.store(at, f32x4.add(sum0, sum1));
}
