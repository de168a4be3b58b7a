// Batch normalisation, and what follows it in the same pass: a shortcut, and ReLU or swish.

import { storePart, swish4, swishSlope4 } from './activations';
import { arg, ptr, real } from './memory-map';
import { clamp, fma } from './tile';

/** What follows the normalisation: nothing or a clamp, or swish. */
const CLAMP: i32 = 0;
const SWISH: i32 = 1;

/** A row of the output, see {@link affine}. */
// @ts-ignore: decorator
@inline
function affineRow(then: i32, from: usize, to: usize, shortcut: usize, line: usize): void {
  const mean = ptr(5);
  const scale = ptr(6);
  const shift = ptr(7);
  const low = f32x4.splat(real(8));
  const high = f32x4.splat(real(9));
  for (let c: usize = 0; c < line; c += 16) {
    const x = f32x4.sub(v128.load(from + c), v128.load(mean + c));
    let y = fma(x, v128.load(scale + c), v128.load(shift + c));
    if (shortcut) y = f32x4.add(y, v128.load(shortcut + c));
    y = then == SWISH ? swish4(y) : clamp(y, low, high);
    if (c + 16 <= line) v128.store(to + c, y);
    else storePart(to + c, y, <i32>((line - c) >> 2));
  }
}

/**
 * y = activation((x - mean) * scale + shift + shortcut), channel by channel. Arguments: 0 x, 1 y, 2 rows, 3 channels, 4 rows of a
 * chunk, 5 mean, 6 scale, 7 shift, 8 and 9 the clamp, 10 the shortcut or 0, 11 what follows.
 */
export function affine(chunk: i32, _thread: i32): void {
  const rowsPerChunk = arg(4);
  const line = <usize>arg(3) << 2;
  const shortcut = ptr(10);
  const swish = arg(11);
  const end = min(arg(2), (chunk + 1) * rowsPerChunk);
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    const start = <usize>row * line;
    const added = shortcut ? shortcut + start : 0;
    if (swish) affineRow(SWISH, ptr(0) + start, ptr(1) + start, added, line);
    else affineRow(CLAMP, ptr(0) + start, ptr(1) + start, added, line);
  }
}

/** Mean and sum of squared deviations of a slice of rows: [rows, channels] to [slices, 2, channels rounded up]. */
export function momentSlices(chunk: i32, _thread: i32): void {
  const channels = arg(3);
  const rowsPerSlice = arg(4);
  const first = chunk * rowsPerSlice;
  const count = min(rowsPerSlice, arg(2) - first);
  const line = <usize>channels << 2;
  const padded = (line + 15) & ~15;
  const from = ptr(0) + <usize>first * line;
  const to = ptr(1) + <usize>chunk * 2 * padded;
  let c: usize = 0;
  // A cache line at a time.
  for (; c + 64 <= line; c += 64) momentColumns(from + c, line, count, to + c, padded);
  for (; c < line; c += 16) momentColumn(from + c, line, count, to + c, padded);
}

/** Of sixteen channels. */
function momentColumns(from: usize, line: usize, count: i32, to: usize, padded: usize): void {
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let at = from;
  for (let i = 0; i < count; i++) {
    sum0 = f32x4.add(sum0, v128.load(at));
    sum1 = f32x4.add(sum1, v128.load(at, 16));
    sum2 = f32x4.add(sum2, v128.load(at, 32));
    sum3 = f32x4.add(sum3, v128.load(at, 48));
    at += line;
  }
  const share = f32x4.splat(1 / <f32>count);
  const mean0 = f32x4.mul(sum0, share);
  const mean1 = f32x4.mul(sum1, share);
  const mean2 = f32x4.mul(sum2, share);
  const mean3 = f32x4.mul(sum3, share);
  sum0 = f32x4.splat(0);
  sum1 = sum0;
  sum2 = sum0;
  sum3 = sum0;
  at = from;
  for (let i = 0; i < count; i++) {
    const d0 = f32x4.sub(v128.load(at), mean0);
    const d1 = f32x4.sub(v128.load(at, 16), mean1);
    const d2 = f32x4.sub(v128.load(at, 32), mean2);
    const d3 = f32x4.sub(v128.load(at, 48), mean3);
    sum0 = fma(d0, d0, sum0);
    sum1 = fma(d1, d1, sum1);
    sum2 = fma(d2, d2, sum2);
    sum3 = fma(d3, d3, sum3);
    at += line;
  }
  v128.store(to, mean0);
  v128.store(to, mean1, 16);
  v128.store(to, mean2, 32);
  v128.store(to, mean3, 48);
  to += padded;
  v128.store(to, sum0);
  v128.store(to, sum1, 16);
  v128.store(to, sum2, 32);
  v128.store(to, sum3, 48);
}

/** Of four channels, in two sums each, since there may be many rows. */
function momentColumn(from: usize, line: usize, count: i32, to: usize, padded: usize): void {
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let at = from;
  let i = 0;
  for (; i + 2 <= count; i += 2) {
    sum0 = f32x4.add(sum0, v128.load(at));
    sum1 = f32x4.add(sum1, v128.load(at + line));
    at += 2 * line;
  }
  if (i < count) sum0 = f32x4.add(sum0, v128.load(at));
  const mean = f32x4.mul(f32x4.add(sum0, sum1), f32x4.splat(1 / <f32>count));
  sum0 = f32x4.splat(0);
  sum1 = sum0;
  at = from;
  for (i = 0; i + 2 <= count; i += 2) {
    const d0 = f32x4.sub(v128.load(at), mean);
    const d1 = f32x4.sub(v128.load(at + line), mean);
    sum0 = fma(d0, d0, sum0);
    sum1 = fma(d1, d1, sum1);
    at += 2 * line;
  }
  if (i < count) {
    const d0 = f32x4.sub(v128.load(at), mean);
    sum0 = fma(d0, d0, sum0);
  }
  v128.store(to, mean);
  v128.store(to + padded, f32x4.add(sum0, sum1));
}

/**
 * Joins the moments of slices (Chan, Golub and LeVeque 1983) to the mean, the biased variance and
 * 1 / sqrt(variance + epsilon) of each channel; a chunk is a number of channels.
 */
export function joinMoments(chunk: i32, _thread: i32): void {
  const slices = arg(1);
  const rows = arg(2);
  const channels = arg(3);
  const rowsPerSlice = arg(4);
  const epsilon = <f64>real(8);
  const padded = ((<usize>channels << 2) + 15) & ~15;
  const perChunk = arg(9);
  const end = min(channels, (chunk + 1) * perChunk);
  for (let c = chunk * perChunk; c < end; c++) {
    const offset = <usize>c << 2;
    let count: f64 = 0;
    let mean: f64 = 0;
    let squares: f64 = 0;
    for (let s = 0; s < slices; s++) {
      const at = ptr(0) + <usize>s * 2 * padded + offset;
      const more = <f64>min(rowsPerSlice, rows - s * rowsPerSlice);
      const difference = <f64>load<f32>(at) - mean;
      const all = count + more;
      mean += (difference * more) / all;
      squares += <f64>load<f32>(at + padded) + (difference * difference * count * more) / all;
      count = all;
    }
    const variance = squares / count;
    store<f32>(ptr(5) + offset, <f32>mean);
    store<f32>(ptr(6) + offset, <f32>variance);
    store<f32>(ptr(7) + offset, <f32>(1 / Math.sqrt(variance + epsilon)));
  }
}

// Arguments of the gradient's two jobs: 0 x, 1 dy, 2 the result, 3 rows, 4 channels, 5 rows of a slice or chunk, 6 mean, 7 scale,
// 8 and 9 see below, 10 the output or 0, 11 and 12 the clamp.

/** The gradient of what a clamp got: dy where the output is in (low, high), or not a number, as in PyTorch. */
// @ts-ignore: decorator
@inline
function beforeClamp(dy: v128, y: v128, low: v128, high: v128): v128 {
  return v128.andnot(dy, v128.or(f32x4.le(y, low), f32x4.ge(y, high)));
}

/**
 * Sums of the gradient before the activation and of its product with x - mean over a slice of rows: to [slices, 2, channels rounded
 * up]. Where swish follows, argument 8 is where that gradient is written to and 9 the shift.
 */
export function gradientSlices(chunk: i32, _thread: i32): void {
  const rowsPerSlice = arg(5);
  const first = chunk * rowsPerSlice;
  const count = min(rowsPerSlice, arg(3) - first);
  const line = <usize>arg(4) << 2;
  const padded = (line + 15) & ~15;
  const to = ptr(2) + <usize>chunk * 2 * padded;
  const start = <usize>first * line;
  if (ptr(8)) return swishSlice(start, line, count, to, padded);
  let c: usize = 0;
  for (; c + 32 <= line; c += 32) {
    clampColumns(start + c, c, line, count, to + c, padded);
  }
  if (c < line) clampColumn(start + c, c, line, count, to + c, padded);
  if (c + 16 < line) clampColumn(start + c + 16, c + 16, line, count, to + c + 16, padded);
}

/** Of eight channels, from byte `at` of the tensors and `c` of the channels. */
function clampColumns(at: usize, c: usize, line: usize, count: i32, to: usize, padded: usize): void {
  const output = ptr(10);
  const low = f32x4.splat(real(11));
  const high = f32x4.splat(real(12));
  const mean0 = v128.load(ptr(6) + c);
  const mean1 = v128.load(ptr(6) + c, 16);
  let x = ptr(0) + at;
  let dy = ptr(1) + at;
  let y = output + at;
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let product0 = sum0;
  let product1 = sum0;
  for (let i = 0; i < count; i++) {
    let g0 = v128.load(dy);
    let g1 = v128.load(dy, 16);
    if (output) {
      g0 = beforeClamp(g0, v128.load(y), low, high);
      g1 = beforeClamp(g1, v128.load(y, 16), low, high);
      y += line;
    }
    sum0 = f32x4.add(sum0, g0);
    sum1 = f32x4.add(sum1, g1);
    product0 = fma(g0, f32x4.sub(v128.load(x), mean0), product0);
    product1 = fma(g1, f32x4.sub(v128.load(x, 16), mean1), product1);
    x += line;
    dy += line;
  }
  v128.store(to, sum0);
  v128.store(to, sum1, 16);
  v128.store(to + padded, product0);
  v128.store(to + padded, product1, 16);
}

/** Of four channels. */
function clampColumn(at: usize, c: usize, line: usize, count: i32, to: usize, padded: usize): void {
  const output = ptr(10);
  const low = f32x4.splat(real(11));
  const high = f32x4.splat(real(12));
  const mean = v128.load(ptr(6) + c);
  let sum = f32x4.splat(0);
  let product = sum;
  for (let i = 0; i < count; i++) {
    let gradient = v128.load(ptr(1) + at);
    if (output) gradient = beforeClamp(gradient, v128.load(output + at), low, high);
    sum = f32x4.add(sum, gradient);
    product = fma(gradient, f32x4.sub(v128.load(ptr(0) + at), mean), product);
    at += line;
  }
  v128.store(to, sum);
  v128.store(to + padded, product);
}

/** A slice with swish, row by row, whose sums are kept where they go. */
function swishSlice(start: usize, line: usize, count: i32, to: usize, padded: usize): void {
  const mean = ptr(6);
  const scale = ptr(7);
  const shift = ptr(9);
  memory.fill(to, 0, 2 * padded);
  for (let i = 0; i < count; i++) {
    const x = ptr(0) + start;
    const dy = ptr(1) + start;
    const result = ptr(8) + start;
    for (let c: usize = 0; c < line; c += 16) {
      const centred = f32x4.sub(v128.load(x + c), v128.load(mean + c));
      const z = fma(centred, v128.load(scale + c), v128.load(shift + c));
      const gradient = f32x4.mul(v128.load(dy + c), swishSlope4(z));
      v128.store(to + c, f32x4.add(v128.load(to + c), gradient));
      v128.store(to + padded + c, fma(gradient, centred, v128.load(to + padded + c)));
      if (c + 16 <= line) v128.store(result + c, gradient);
      else storePart(result + c, gradient, <i32>((line - c) >> 2));
    }
    start += line;
  }
}

/**
 * dx = scale * (gradient - a - (x - mean) * b), channel by channel; a and b are arguments 8 and 9, and 13 is where the gradient before
 * the activation is written to, the shortcut's, or 0.
 */
export function normGradient(chunk: i32, _thread: i32): void {
  const rowsPerChunk = arg(5);
  const line = <usize>arg(4) << 2;
  const mean = ptr(6);
  const scale = ptr(7);
  const a = ptr(8);
  const b = ptr(9);
  const low = f32x4.splat(real(11));
  const high = f32x4.splat(real(12));
  const end = min(arg(3), (chunk + 1) * rowsPerChunk);
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    const start = <usize>row * line;
    const x = ptr(0) + start;
    const dy = ptr(1) + start;
    const dx = ptr(2) + start;
    const output = ptr(10) ? ptr(10) + start : 0;
    const shortcut = ptr(13) ? ptr(13) + start : 0;
    for (let c: usize = 0; c < line; c += 16) {
      const count = <i32>((line - c) >> 2);
      let gradient = v128.load(dy + c);
      if (output) gradient = beforeClamp(gradient, v128.load(output + c), low, high);
      if (shortcut) storePart(shortcut + c, gradient, count);
      const centred = f32x4.sub(v128.load(x + c), v128.load(mean + c));
      const rest = f32x4.sub(f32x4.sub(gradient, v128.load(a + c)), f32x4.mul(centred, v128.load(b + c)));
      storePart(dx + c, f32x4.mul(v128.load(scale + c), rest), count);
    }
  }
}
