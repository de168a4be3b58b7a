// Sums, means and largest values, softmax, and batch normalisation.
//
// Sums over many values are taken in slices whose number depends on the shape alone, in single precision, and the
// slices are added up in double: right to about the last place, and the same for any number of threads.

import { exp4, loadPart, storePart } from './activations';
import { arg, ptr, real } from './memory-map';
import { clamp, fma } from './tile';

/** Sums over a slice of rows: [outer, rows, inner] to [outer, slices, inner]. */
export function sumColumns(chunk: i32, _thread: i32): void {
  const rows = arg(2);
  const inner = arg(3);
  const rowsPerSlice = arg(4);
  const slices = arg(5);
  const first = (chunk % slices) * rowsPerSlice;
  const count = min(rowsPerSlice, rows - first);
  const line = <usize>inner << 2;
  const from = ptr(0) + <usize>((chunk / slices) * rows + first) * line;
  const to = ptr(1) + <usize>chunk * line;
  let c: usize = 0;
  for (; c + 64 <= line; c += 64) {
    let at = from + c;
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    let sum2 = sum0;
    let sum3 = sum0;
    for (let i = 0; i < count; i++) {
      sum0 = f32x4.add(sum0, v128.load(at));
      sum1 = f32x4.add(sum1, v128.load(at, 16));
      sum2 = f32x4.add(sum2, v128.load(at, 32));
      sum3 = f32x4.add(sum3, v128.load(at, 48));
      at += line;
    }
    v128.store(to + c, sum0);
    v128.store(to + c, sum1, 16);
    v128.store(to + c, sum2, 32);
    v128.store(to + c, sum3, 48);
  }
  for (; c < line; c += 16) {
    let at = from + c;
    let sum = f32x4.splat(0);
    for (let i = 0; i < count; i++) {
      sum = f32x4.add(sum, v128.load(at));
      at += line;
    }
    storePart(to + c, sum, <i32>((line - c) >> 2));
  }
}

/**
 * Adds up slices: [outer, slices, inner] to [outer, inner], times a factor. `pitch` is the floats from one slice to
 * the next. A chunk is a part of the columns of one outer index.
 */
export function addSlices(chunk: i32, _thread: i32): void {
  const slices = arg(2);
  const inner = arg(3);
  const pitch = arg(4);
  const factor = <f64>real(5);
  const perChunk = arg(6);
  const parts = (inner + perChunk - 1) / perChunk;
  const outer = chunk / parts;
  const first = (chunk % parts) * perChunk;
  const end = min(inner, first + perChunk);
  const from = ptr(0) + (<usize>(outer * slices * pitch) << 2);
  const to = ptr(1) + (<usize>(outer * inner) << 2);
  for (let c = first; c < end; c += 2) {
    let sum = f64x2.splat(0);
    let at = from + (<usize>c << 2);
    for (let s = 0; s < slices; s++) {
      sum = f64x2.add(sum, f64x2.promote_low_f32x4(v128.load64_zero(at)));
      at += <usize>pitch << 2;
    }
    const value = f32x4.demote_f64x2_zero(f64x2.mul(sum, f64x2.splat(factor)));
    storePart(to + (<usize>c << 2), value, min(2, end - c));
  }
}

/** The sum of a stretch: four sums of blocks in single precision, blocks in double. */
function sumStretch(from: usize, count: i32): f64 {
  let total: f64 = 0;
  while (count > 0) {
    const block = min(count, 1024);
    let sum = f32x4.splat(0);
    let left = block;
    for (; left >= 4; left -= 4) {
      sum = f32x4.add(sum, v128.load(from));
      from += 16;
    }
    if (left > 0) {
      sum = f32x4.add(sum, loadPart(from, left));
      from += <usize>left << 2;
    }
    total +=
      <f64>f32x4.extract_lane(sum, 0) +
      <f64>f32x4.extract_lane(sum, 1) +
      <f64>f32x4.extract_lane(sum, 2) +
      <f64>f32x4.extract_lane(sum, 3);
    count -= block;
  }
  return total;
}

function maxStretch(from: usize, count: i32): f32 {
  let best = f32x4.splat(-Infinity);
  for (; count >= 4; count -= 4) {
    best = f32x4.max(best, v128.load(from));
    from += 16;
  }
  let value = max(
    max(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1)),
    max(f32x4.extract_lane(best, 2), f32x4.extract_lane(best, 3)),
  );
  for (; count > 0; count--) {
    value = max(value, load<f32>(from));
    from += 4;
  }
  return value;
}

/** Sums, times a factor, or largest values of rows: [rows, inner] to [rows]. */
export function reduceRows(chunk: i32, _thread: i32): void {
  const rows = arg(2);
  const inner = arg(3);
  const perChunk = arg(4);
  const largest = arg(6);
  const end = min(rows, (chunk + 1) * perChunk);
  for (let row = chunk * perChunk; row < end; row++) {
    const from = ptr(0) + (<usize>(row * inner) << 2);
    const value = largest ? maxStretch(from, inner) : <f32>(sumStretch(from, inner) * <f64>real(5));
    store<f32>(ptr(1) + (<usize>row << 2), value);
  }
}

/** exp(x - max) / sum of it, of rows. */
export function softmax(chunk: i32, _thread: i32): void {
  const rows = arg(2);
  const inner = arg(3);
  const perChunk = arg(4);
  const end = min(rows, (chunk + 1) * perChunk);
  for (let row = chunk * perChunk; row < end; row++) {
    const from = ptr(0) + (<usize>(row * inner) << 2);
    const to = ptr(1) + (<usize>(row * inner) << 2);
    const most = f32x4.splat(maxStretch(from, inner));
    for (let i = 0; i < inner; i += 4) {
      const at = <usize>i << 2;
      storePart(to + at, exp4(f32x4.sub(loadPart(from + at, inner - i), most)), inner - i);
    }
    const sum = f32x4.splat(<f32>sumStretch(to, inner));
    for (let i = 0; i < inner; i += 4) {
      const at = <usize>i << 2;
      storePart(to + at, f32x4.div(loadPart(to + at, inner - i), sum), inner - i);
    }
  }
}

/** y = clamp((x - mean) * scale + shift), channel by channel; then an activation is a job of its own. */
export function affine(chunk: i32, _thread: i32): void {
  const rows = arg(2);
  const channels = arg(3);
  const rowsPerChunk = arg(4);
  const mean = ptr(5);
  const scale = ptr(6);
  const shift = ptr(7);
  const low = f32x4.splat(real(8));
  const high = f32x4.splat(real(9));
  const line = <usize>channels << 2;
  const end = min(rows, (chunk + 1) * rowsPerChunk);
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    const from = ptr(0) + <usize>row * line;
    const to = ptr(1) + <usize>row * line;
    let c: usize = 0;
    for (; c + 16 <= line; c += 16) {
      const x = f32x4.sub(v128.load(from + c), v128.load(mean + c));
      v128.store(to + c, clamp(fma(x, v128.load(scale + c), v128.load(shift + c)), low, high));
    }
    if (c < line) {
      const x = f32x4.sub(v128.load(from + c), v128.load(mean + c));
      const y = clamp(fma(x, v128.load(scale + c), v128.load(shift + c)), low, high);
      storePart(to + c, y, <i32>((line - c) >> 2));
    }
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

/**
 * Sums of dy and of dy * (x - mean) over a slice of rows: to [slices, 2, channels rounded up]. Where `output` is
 * given, dy counts only where the output is in (low, high), or not a number: the gradient of a ReLU behind the
 * normalisation, as in PyTorch.
 */
export function gradientSlices(chunk: i32, _thread: i32): void {
  const rows = arg(3);
  const channels = arg(4);
  const rowsPerSlice = arg(5);
  const mean = ptr(6);
  const first = chunk * rowsPerSlice;
  const count = min(rowsPerSlice, rows - first);
  const line = <usize>channels << 2;
  const padded = (line + 15) & ~15;
  const start = <usize>first * line;
  const output = ptr(10);
  const low = f32x4.splat(real(11));
  const high = f32x4.splat(real(12));
  const to = ptr(2) + <usize>chunk * 2 * padded;
  for (let c: usize = 0; c < line; c += 16) {
    const middle = v128.load(mean + c);
    let sum = f32x4.splat(0);
    let product = f32x4.splat(0);
    let at = start + c;
    for (let i = 0; i < count; i++) {
      let dy = v128.load(ptr(1) + at);
      if (output) {
        const y = v128.load(output + at);
        dy = v128.andnot(dy, v128.or(f32x4.le(y, low), f32x4.ge(y, high)));
      }
      sum = f32x4.add(sum, dy);
      product = fma(dy, f32x4.sub(v128.load(ptr(0) + at), middle), product);
      at += line;
    }
    v128.store(to + c, sum);
    v128.store(to + padded + c, product);
  }
}

/** dx = scale * (dy - a - (x - mean) * b), channel by channel; dy masked as in {@link gradientSlices}. */
export function normGradient(chunk: i32, _thread: i32): void {
  const rows = arg(3);
  const channels = arg(4);
  const rowsPerChunk = arg(5);
  const mean = ptr(6);
  const scale = ptr(7);
  const a = ptr(8);
  const b = ptr(9);
  const output = ptr(10);
  const low = f32x4.splat(real(11));
  const high = f32x4.splat(real(12));
  const line = <usize>channels << 2;
  const end = min(rows, (chunk + 1) * rowsPerChunk);
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    const start = <usize>row * line;
    for (let c: usize = 0; c < line; c += 16) {
      let dy = v128.load(ptr(1) + start + c);
      if (output) {
        const y = v128.load(output + start + c);
        dy = v128.andnot(dy, v128.or(f32x4.le(y, low), f32x4.ge(y, high)));
      }
      const x = f32x4.sub(v128.load(ptr(0) + start + c), v128.load(mean + c));
      const rest = f32x4.sub(f32x4.sub(dy, v128.load(a + c)), f32x4.mul(x, v128.load(b + c)));
      storePart(ptr(2) + start + c, f32x4.mul(v128.load(scale + c), rest), <i32>((line - c) >> 2));
    }
  }
}
