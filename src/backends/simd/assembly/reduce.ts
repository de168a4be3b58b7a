// Sums, means and largest values, and softmax.
//
// Sums over many values are taken in slices whose number depends on the shape alone, in single precision, and the
// slices are added up in double: right to about the last place, and the same for any number of threads.

import { exp4, loadPart, storePart } from './activations';
import { arg, ptr, real } from './memory-map';

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
