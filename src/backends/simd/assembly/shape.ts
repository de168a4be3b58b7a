// Kernels that move values and do not compute.

import { arg, ptr } from './memory-map';

/**
 * Copies a grid [dim0, dim1, dim2, inner] of floats. Each side has an address and four steps, in floats; steps of 0
 * repeat a value. So one job cuts, pads, joins, transposes and repeats tensors. A chunk is a number of rows.
 */
export function copy(chunk: i32, _thread: i32): void {
  const from = ptr(0);
  const to = ptr(1);
  const dim1 = arg(3);
  const dim2 = arg(4);
  const inner = arg(5);
  const fromStep = ptr(9) << 2;
  const toStep = ptr(13) << 2;
  const rowsPerChunk = arg(14);
  const end = min((chunk + 1) * rowsPerChunk, arg(2) * dim1 * dim2);
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    const i2 = row % dim2;
    const i1 = (row / dim2) % dim1;
    const i0 = row / (dim2 * dim1);
    let source = from + (<usize>(i0 * arg(6) + i1 * arg(7) + i2 * arg(8)) << 2);
    let target = to + (<usize>(i0 * arg(10) + i1 * arg(11) + i2 * arg(12)) << 2);
    if (fromStep == 4 && toStep == 4) {
      if (inner >= 32) {
        memory.copy(target, source, <usize>inner << 2);
        continue;
      }
      let left = inner;
      for (; left >= 4; left -= 4) {
        v128.store(target, v128.load(source));
        source += 16;
        target += 16;
      }
      for (; left > 0; left--) {
        store<f32>(target, load<f32>(source));
        source += 4;
        target += 4;
      }
      continue;
    }
    for (let i = 0; i < inner; i++) {
      store<f32>(target, load<f32>(source));
      source += fromStep;
      target += toStep;
    }
  }
}

/** Copies an image into the middle of zeros, a row of the output a chunk; what does not fit is left out. */
export function pad(chunk: i32, _thread: i32): void {
  const height = arg(2);
  const width = arg(3);
  const outHeight = arg(5);
  const outWidth = arg(6);
  const y = (chunk % outHeight) - arg(7);
  const left = arg(8);
  const pixel = ptr(4) << 2;
  const to = ptr(1) + <usize>(chunk * outWidth) * pixel;
  if (<u32>y >= <u32>height) {
    memory.fill(to, 0, <usize>outWidth * pixel);
    return;
  }
  const from = ptr(0) + <usize>(((chunk / outHeight) * height + y) * width) * pixel;
  const count = max(0, min(width, outWidth - left));
  memory.fill(to, 0, <usize>min(left, outWidth) * pixel);
  memory.copy(to + <usize>left * pixel, from, <usize>count * pixel);
  const rest = outWidth - left - count;
  if (rest > 0) memory.fill(to + <usize>(left + count) * pixel, 0, <usize>rest * pixel);
}
