// What squeeze-excitation's gradient needs of whole images: sums of products over an image's pixels, and a factor a channel.

import { storePart } from './activations';
import { arg, ptr } from './memory-map';
import { fma } from './tile';

/**
 * Sums of a * b over a slice of an image's pixels: [images, pixels, channels] to [images, slices, channels]. Arguments: 0 a, 1 the
 * sums, 2 pixels, 3 channels, 4 pixels of a slice, 5 slices, 6 b.
 */
export function sumProducts(chunk: i32, _thread: i32): void {
  const pixels = arg(2);
  const line = <usize>arg(3) << 2;
  const perSlice = arg(4);
  const slices = arg(5);
  const first = (chunk % slices) * perSlice;
  const count = min(perSlice, pixels - first);
  const offset = <usize>((chunk / slices) * pixels + first) * line;
  const a = ptr(0) + offset;
  const b = ptr(6) + offset;
  const to = ptr(1) + <usize>chunk * line;
  let c: usize = 0;
  for (; c + 64 <= line; c += 64) {
    let at = c;
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    let sum2 = sum0;
    let sum3 = sum0;
    for (let i = 0; i < count; i++) {
      sum0 = fma(v128.load(a + at), v128.load(b + at), sum0);
      sum1 = fma(v128.load(a + at, 16), v128.load(b + at, 16), sum1);
      sum2 = fma(v128.load(a + at, 32), v128.load(b + at, 32), sum2);
      sum3 = fma(v128.load(a + at, 48), v128.load(b + at, 48), sum3);
      at += line;
    }
    v128.store(to + c, sum0);
    v128.store(to + c, sum1, 16);
    v128.store(to + c, sum2, 32);
    v128.store(to + c, sum3, 48);
  }
  for (; c < line; c += 16) {
    let at = c;
    let sum = f32x4.splat(0);
    for (let i = 0; i < count; i++) {
      sum = fma(v128.load(a + at), v128.load(b + at), sum);
      at += line;
    }
    storePart(to + c, sum, <i32>((line - c) >> 2));
  }
}

/**
 * x * factor + addend, both one value an image and channel. Arguments: 0 x, 1 the result, 2 rows of channels, 3 channels, 4 rows of a
 * chunk, 5 factors, 6 addends, 7 pixels of an image.
 */
export function scaleImages(chunk: i32, _thread: i32): void {
  const perChunk = arg(4);
  const line = <usize>arg(3) << 2;
  const pixels = arg(7);
  const end = min(arg(2), (chunk + 1) * perChunk);
  for (let row = chunk * perChunk; row < end; row++) {
    const from = ptr(0) + <usize>row * line;
    const to = ptr(1) + <usize>row * line;
    const image = <usize>(row / pixels) * line;
    const factors = ptr(5) + image;
    const addends = ptr(6) + image;
    for (let c: usize = 0; c < line; c += 16) {
      const y = fma(v128.load(from + c), v128.load(factors + c), v128.load(addends + c));
      storePart(to + c, y, <i32>((line - c) >> 2));
    }
  }
}
