// Resizing of images.

import { storePart } from './activations';
import { arg, ptr } from './memory-map';
import { fma } from './tile';

/**
 * Bilinear interpolation, a row of the output a chunk. The tables hold for each row and column of the output the two of
 * the input between which it lies, and how far along.
 */
export function resizeBilinear(chunk: i32, _thread: i32): void {
  const height = arg(4);
  const width = arg(5);
  const outHeight = arg(7);
  const outWidth = arg(8);
  const pixel = ptr(6) << 2;
  const rows = ptr(2) + <usize>((chunk % outHeight) * 12);
  const image = ptr(0) + <usize>((chunk / outHeight) * height * width) * pixel;
  const top = image + <usize>(load<i32>(rows) * width) * pixel;
  const bottom = image + <usize>(load<i32>(rows, 4) * width) * pixel;
  const down = f32x4.splat(load<f32>(rows, 8));
  for (let x = 0; x < outWidth; x++) {
    const columns = ptr(3) + <usize>(x * 12);
    const left = <usize>load<i32>(columns) * pixel;
    const right = <usize>load<i32>(columns, 4) * pixel;
    const across = f32x4.splat(load<f32>(columns, 8));
    const to = ptr(1) + <usize>(chunk * outWidth + x) * pixel;
    for (let c: usize = 0; c < pixel; c += 16) {
      const topLeft = v128.load(top + left + c);
      const bottomLeft = v128.load(bottom + left + c);
      const above = fma(f32x4.sub(v128.load(top + right + c), topLeft), across, topLeft);
      const below = fma(f32x4.sub(v128.load(bottom + right + c), bottomLeft), across, bottomLeft);
      storePart(to + c, fma(f32x4.sub(below, above), down, above), <i32>((pixel - c) >> 2));
    }
  }
}
