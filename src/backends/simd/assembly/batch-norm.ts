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
  const rows = arg(2);
  const channels = arg(3);
  const rowsPerSlice = arg(4);
  const first = chunk * rowsPerSlice;
  const count = min(rowsPerSlice, rows - first);
  const line = <usize>channels << 2;
  const padded = (line + 15) & ~15;
  const from = ptr(0) + <usize>first * line;
  const to = ptr(1) + <usize>chunk * 2 * padded;
  const share = f32x4.splat(1 / <f32>count);
  for (let c: usize = 0; c < line; c += 16) {
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    let at = from + c;
    let i = 0;
    for (; i + 2 <= count; i += 2) {
      sum0 = f32x4.add(sum0, v128.load(at));
      sum1 = f32x4.add(sum1, v128.load(at + line));
      at += 2 * line;
    }
    if (i < count) sum0 = f32x4.add(sum0, v128.load(at));
    const mean = f32x4.mul(f32x4.add(sum0, sum1), share);
    sum0 = f32x4.splat(0);
    sum1 = sum0;
    at = from + c;
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
    v128.store(to + c, mean);
    v128.store(to + padded + c, f32x4.add(sum0, sum1));
  }
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
// 8 and 9 see `normGradient`, 10 the output or 0, 11 and 12 the clamp, 13 shift, 14 what followed, 15 the shortcut's gradient or 0.

/**
 * The gradient of what a clamp got: dy where the output is in (low, high), or not a number, as in PyTorch.
 */
// @ts-ignore: decorator
@inline
function beforeClamp(dy: v128, y: v128, low: v128, high: v128): v128 {
  return v128.andnot(dy, v128.or(f32x4.le(y, low), f32x4.ge(y, high)));
}

/** Sums of the gradient and of its product with x - mean over a slice of rows: to [slices, 2, channels rounded up]. */
export function gradientSlices(chunk: i32, _thread: i32): void {
  if (arg(14)) gradientSlice(SWISH, chunk);
  else gradientSlice(CLAMP, chunk);
}

// @ts-ignore: decorator
@inline
function gradientSlice(then: i32, chunk: i32): void {
  const x = ptr(0);
  const dy = ptr(1);
  const output = ptr(10);
  const low = f32x4.splat(real(11));
  const high = f32x4.splat(real(12));
  const rowsPerSlice = arg(5);
  const first = chunk * rowsPerSlice;
  const count = min(rowsPerSlice, arg(3) - first);
  const line = <usize>arg(4) << 2;
  const padded = (line + 15) & ~15;
  const to = ptr(2) + <usize>chunk * 2 * padded;
  for (let c: usize = 0; c < line; c += 16) {
    const mean = v128.load(ptr(6) + c);
    const scale = v128.load(ptr(7) + c);
    const shift = v128.load(ptr(13) + c);
    let sum = f32x4.splat(0);
    let product = sum;
    let at = <usize>first * line + c;
    for (let i = 0; i < count; i++) {
      const centred = f32x4.sub(v128.load(x + at), mean);
      let gradient = v128.load(dy + at);
      if (then == SWISH) gradient = f32x4.mul(gradient, swishSlope4(fma(centred, scale, shift)));
      else if (output) gradient = beforeClamp(gradient, v128.load(output + at), low, high);
      sum = f32x4.add(sum, gradient);
      product = fma(gradient, centred, product);
      at += line;
    }
    v128.store(to + c, sum);
    v128.store(to + padded + c, product);
  }
}

/** dx = scale * (gradient - a - (x - mean) * b), channel by channel; a and b are arguments 8 and 9. */
export function normGradient(chunk: i32, _thread: i32): void {
  const rowsPerChunk = arg(5);
  const line = <usize>arg(4) << 2;
  const swish = arg(14);
  const end = min(arg(3), (chunk + 1) * rowsPerChunk);
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    if (swish) normGradientRow(SWISH, <usize>row * line, line);
    else normGradientRow(CLAMP, <usize>row * line, line);
  }
}

// @ts-ignore: decorator
@inline
function normGradientRow(then: i32, start: usize, line: usize): void {
  const x = ptr(0) + start;
  const dy = ptr(1) + start;
  const dx = ptr(2) + start;
  const mean = ptr(6);
  const factor = ptr(7);
  const a = ptr(8);
  const b = ptr(9);
  const output = ptr(10) ? ptr(10) + start : 0;
  const low = f32x4.splat(real(11));
  const high = f32x4.splat(real(12));
  const shift = ptr(13);
  const shortcut = ptr(15) ? ptr(15) + start : 0;
  for (let c: usize = 0; c < line; c += 16) {
    const count = <i32>((line - c) >> 2);
    const scale = v128.load(factor + c);
    const centred = f32x4.sub(v128.load(x + c), v128.load(mean + c));
    let gradient = v128.load(dy + c);
    if (then == SWISH) gradient = f32x4.mul(gradient, swishSlope4(fma(centred, scale, v128.load(shift + c))));
    else if (output) gradient = beforeClamp(gradient, v128.load(output + c), low, high);
    if (shortcut) storePart(shortcut + c, gradient, count);
    const rest = f32x4.sub(f32x4.sub(gradient, v128.load(a + c)), f32x4.mul(centred, v128.load(b + c)));
    storePart(dx + c, f32x4.mul(scale, rest), count);
  }
}
