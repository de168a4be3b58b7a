// Kernels that move values and do not compute.

import { arg, ptr } from './memory-map';

/** Copies an image into the middle of zeros, a row of the output a chunk. */
export function pad(chunk: i32, _thread: i32): void {
  const input = ptr(0);
  const height = arg(1);
  const width = arg(2);
  const channels = arg(3);
  const output = ptr(4);
  const outHeight = arg(5);
  const outWidth = arg(6);
  const top = arg(7);
  const left = arg(8);
  const n = chunk / outHeight;
  const y = (chunk % outHeight) - top;
  const pixel = <usize>channels << 2;
  const to = output + <usize>(chunk * outWidth) * pixel;
  if (<u32>y >= <u32>height) {
    memory.fill(to, 0, <usize>outWidth * pixel);
    return;
  }
  const from = input + <usize>((n * height + y) * width) * pixel;
  const count = max(0, min(width, outWidth - left));
  memory.fill(to, 0, <usize>min(left, outWidth) * pixel);
  memory.copy(to + <usize>left * pixel, from, <usize>count * pixel);
  const rest = outWidth - left - count;
  if (rest > 0) memory.fill(to + <usize>(left + count) * pixel, 0, <usize>rest * pixel);
}
