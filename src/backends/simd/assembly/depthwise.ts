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
  const kernelHeight = arg(16);
  const kernelWidth = arg(17);
  const dilationY = arg(18);
  const top = (row % outHeight) * arg(14) - arg(20);
  const left = x * arg(15) - arg(21);
  const pixel = <usize>channels << 2;
  const tap = <usize>arg(19) * pixel;
  const next = <usize>arg(15) * pixel;
  const line = <usize>(dilationY * width) * pixel;
  const firstTap = top >= 0 ? 0 : (dilationY - 1 - top) / dilationY;
  const endTap = min(kernelHeight, (height - top + dilationY - 1) / dilationY);
  const first = ((row / outHeight) * height + top + firstTap * dilationY) * width + left;
  const image = ptr(0) + <usize>first * pixel;
  const kernel = ptr(1) + <usize>(firstTap * kernelWidth) * pixel;
  const to = ptr(2) + <usize>(row * outWidth + x) * pixel;
  const least = f32x4.splat(real(5));
  const most = f32x4.splat(real(6));
  for (let c: usize = 0; c < pixel; c += 16) {
    let sum0 = bias ? v128.load(bias + c) : f32x4.splat(0);
    let sum1 = sum0;
    let sum2 = sum0;
    let sum3 = sum0;
    let weights = kernel + c;
    let from = image + c;
    for (let y = firstTap; y < endTap; y++) {
      if (kernelWidth == 3 && next == tap) {
        // Stride 1: neighbours share what they read.
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
        value = v128.load(from + 3 * tap);
        sum1 = fma(value, w2, sum1);
        sum2 = fma(value, w1, sum2);
        sum3 = fma(value, w0, sum3);
        value = v128.load(from + 4 * tap);
        sum2 = fma(value, w2, sum2);
        sum3 = fma(value, w1, sum3);
        value = v128.load(from + 5 * tap);
        sum3 = fma(value, w2, sum3);
        weights += 3 * pixel;
      } else if (kernelWidth == 5 && next == tap) {
        const w0 = v128.load(weights);
        const w1 = v128.load(weights + pixel);
        const w2 = v128.load(weights + 2 * pixel);
        const w3 = v128.load(weights + 3 * pixel);
        const w4 = v128.load(weights + 4 * pixel);
        let value = v128.load(from);
        sum0 = fma(value, w0, sum0);
        value = v128.load(from + tap);
        sum0 = fma(value, w1, sum0);
        sum1 = fma(value, w0, sum1);
        value = v128.load(from + 2 * tap);
        sum0 = fma(value, w2, sum0);
        sum1 = fma(value, w1, sum1);
        sum2 = fma(value, w0, sum2);
        value = v128.load(from + 3 * tap);
        sum0 = fma(value, w3, sum0);
        sum1 = fma(value, w2, sum1);
        sum2 = fma(value, w1, sum2);
        sum3 = fma(value, w0, sum3);
        value = v128.load(from + 4 * tap);
        sum0 = fma(value, w4, sum0);
        sum1 = fma(value, w3, sum1);
        sum2 = fma(value, w2, sum2);
        sum3 = fma(value, w1, sum3);
        value = v128.load(from + 5 * tap);
        sum1 = fma(value, w4, sum1);
        sum2 = fma(value, w3, sum2);
        sum3 = fma(value, w2, sum3);
        value = v128.load(from + 6 * tap);
        sum2 = fma(value, w4, sum2);
        sum3 = fma(value, w3, sum3);
        value = v128.load(from + 7 * tap);
        sum3 = fma(value, w4, sum3);
        weights += 5 * pixel;
      } else {
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
      }
      from += line;
    }
    sum0 = clamp(sum0, least, most);
    sum1 = clamp(sum1, least, most);
    sum2 = clamp(sum2, least, most);
    sum3 = clamp(sum3, least, most);
    const at = to + c;
    if (c + 16 <= pixel) {
      v128.store(at, sum0);
      v128.store(at + pixel, sum1);
      v128.store(at + 2 * pixel, sum2);
      v128.store(at + 3 * pixel, sum3);
    } else {
      const left = <i32>((pixel - c) >> 2);
      storePart(at, sum0, left);
      storePart(at + pixel, sum1, left);
      storePart(at + 2 * pixel, sum2, left);
      storePart(at + 3 * pixel, sum3, left);
    }
  }
}

/** One pixel, whose window may reach outside. */
function depthwisePixel(row: i32, x: i32, bias: usize): void {
  const height = arg(9);
  const width = arg(10);
  const channels = arg(11);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const kernelHeight = arg(16);
  const kernelWidth = arg(17);
  const dilationY = arg(18);
  const dilationX = arg(19);
  const top = (row % outHeight) * arg(14) - arg(20);
  const left = x * arg(15) - arg(21);
  const n = row / outHeight;
  const pixel = <usize>channels << 2;
  const to = ptr(2) + <usize>(row * outWidth + x) * pixel;
  for (let c: usize = 0; c < pixel; c += 16) {
    let sum = bias ? v128.load(bias + c) : f32x4.splat(0);
    for (let i = 0; i < kernelHeight; i++) {
      const y = top + i * dilationY;
      if (<u32>y >= <u32>height) continue;
      for (let j = 0; j < kernelWidth; j++) {
        const at = left + j * dilationX;
        if (<u32>at >= <u32>width) continue;
        const value = v128.load(ptr(0) + <usize>((n * height + y) * width + at) * pixel + c);
        sum = fma(value, v128.load(ptr(1) + <usize>(i * kernelWidth + j) * pixel + c), sum);
      }
    }
    sum = clamp(sum, f32x4.splat(real(5)), f32x4.splat(real(6)));
    storePart(to + c, sum, <i32>((pixel - c) >> 2));
  }
}

/** Gradient of the input of any stride: each pixel of a row gathers from the windows that it lies in. */
export function depthwiseInput(chunk: i32, _thread: i32): void {
  const gradient = ptr(0); // [batch, outHeight, outWidth, channels]
  const kernel = ptr(1);
  const height = arg(9);
  const width = arg(10);
  const channels = arg(11);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const strideY = arg(14);
  const strideX = arg(15);
  const kernelHeight = arg(16);
  const kernelWidth = arg(17);
  const dilationY = arg(18);
  const dilationX = arg(19);
  const n = chunk / height;
  const y = (chunk % height) + arg(20);
  const pixel = <usize>channels << 2;
  for (let x = 0; x < width; x++) {
    const to = ptr(2) + <usize>(chunk * width + x) * pixel;
    const right = x + arg(21);
    memory.fill(to, 0, pixel);
    for (let i = 0; i < kernelHeight; i++) {
      const up = y - i * dilationY;
      if (up < 0 || up % strideY != 0 || up / strideY >= outHeight) continue;
      for (let j = 0; j < kernelWidth; j++) {
        const across = right - j * dilationX;
        if (across < 0 || across % strideX != 0 || across / strideX >= outWidth) continue;
        const from = gradient + <usize>((n * outHeight + up / strideY) * outWidth + across / strideX) * pixel;
        const weights = kernel + <usize>(i * kernelWidth + j) * pixel;
        for (let c: usize = 0; c < pixel; c += 16) {
          const sum = fma(v128.load(from + c), v128.load(weights + c), v128.load(to + c));
          storePart(to + c, sum, <i32>((pixel - c) >> 2));
        }
      }
    }
  }
}

/** Gradient of the filter, summed over a slice of the output's rows: [slices, kernelHeight, kernelWidth, channels]. */
export function depthwiseFilter(chunk: i32, _thread: i32): void {
  const gradient = ptr(1);
  const batch = arg(8);
  const height = arg(9);
  const width = arg(10);
  const channels = arg(11);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const strideX = arg(15);
  const kernelHeight = arg(16);
  const kernelWidth = arg(17);
  const dilationY = arg(18);
  const dilationX = arg(19);
  const padLeft = arg(21);
  const rowsPerChunk = arg(22);
  const pixel = <usize>channels << 2;
  // Room for channels that are not a multiple of four: every tap starts at a multiple of 16 bytes.
  const padded = (pixel + 15) & ~15;
  const to = ptr(2) + <usize>(chunk * kernelHeight * kernelWidth) * padded;
  memory.fill(to, 0, <usize>(kernelHeight * kernelWidth) * padded);
  const end = min((chunk + 1) * rowsPerChunk, batch * outHeight);
  const step = <usize>strideX * pixel;
  for (let row = chunk * rowsPerChunk; row < end; row++) {
    const n = row / outHeight;
    const dy = gradient + <usize>(row * outWidth) * pixel;
    for (let i = 0; i < kernelHeight; i++) {
      const y = (row % outHeight) * arg(14) - arg(20) + i * dilationY;
      if (<u32>y >= <u32>height) continue;
      for (let j = 0; j < kernelWidth; j++) {
        const shift = j * dilationX - padLeft;
        // Output columns whose tap is inside the image.
        const first = shift >= 0 ? 0 : (strideX - 1 - shift) / strideX;
        const last = width - 1 - shift;
        const stop = last < 0 ? 0 : min(outWidth, last / strideX + 1);
        if (first >= stop) continue;
        const x = ptr(0) + <usize>((n * height + y) * width + first * strideX + shift) * pixel;
        const at = to + <usize>(i * kernelWidth + j) * padded;
        for (let c: usize = 0; c < pixel; c += 16) {
          let a = x + c;
          let b = dy + <usize>first * pixel + c;
          let sum0 = v128.load(at + c);
          let sum1 = f32x4.splat(0);
          let sum2 = f32x4.splat(0);
          let sum3 = f32x4.splat(0);
          let k = first;
          for (; k + 4 <= stop; k += 4) {
            sum0 = fma(v128.load(a), v128.load(b), sum0);
            sum1 = fma(v128.load(a + step), v128.load(b + pixel), sum1);
            sum2 = fma(v128.load(a + 2 * step), v128.load(b + 2 * pixel), sum2);
            sum3 = fma(v128.load(a + 3 * step), v128.load(b + 3 * pixel), sum3);
            a += 4 * step;
            b += 4 * pixel;
          }
          for (; k < stop; k++) {
            sum0 = fma(v128.load(a), v128.load(b), sum0);
            a += step;
            b += pixel;
          }
          v128.store(at + c, f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3)));
        }
      }
    }
  }
}
