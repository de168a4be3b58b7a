// The gradient of a convolution's filter: for each tap, (input pixels, transposed) times (gradient pixels).

import { loadPart } from './activations';
import { arg, ptr } from './memory-map';
import { fma } from './tile';

/**
 * Packs images into groups of four channels with a border of zeros: [batch, height, width, channels] to
 * [channels / 4, batch, outHeight, outWidth, 4]. A chunk is a row of an output image.
 */
export function packChannels(chunk: i32, _thread: i32): void {
  const height = arg(2);
  const width = arg(3);
  const channels = arg(4);
  const batch = arg(5);
  const outHeight = arg(6);
  const outWidth = arg(7);
  const y = (chunk % outHeight) - arg(8);
  const left = arg(9);
  const line = <usize>outWidth << 4;
  const plane = <usize>(batch * outHeight) * line;
  const groups = (channels + 3) >> 2;
  const pixel = <usize>channels << 2;
  const from = ptr(0) + <usize>(((chunk / outHeight) * height + y) * width) * pixel;
  const inside = <u32>y < <u32>height;
  const first = min(left, outWidth);
  const end = max(first, min(outWidth, left + width));
  for (let group = 0; group < groups; group++) {
    const to = ptr(1) + <usize>group * plane + <usize>chunk * line;
    if (!inside) {
      memory.fill(to, 0, line);
      continue;
    }
    const count = channels - (group << 2);
    let source = from + (<usize>group << 4);
    let x = 0;
    for (; x < first; x++) v128.store(to + (<usize>x << 4), f32x4.splat(0));
    if (count >= 4) {
      for (; x < end; x++) {
        v128.store(to + (<usize>x << 4), v128.load(source));
        source += pixel;
      }
    } else {
      for (; x < end; x++) {
        v128.store(to + (<usize>x << 4), loadPart(source, count));
        source += pixel;
      }
    }
    for (; x < outWidth; x++) v128.store(to + (<usize>x << 4), f32x4.splat(0));
  }
}

/**
 * A block of the gradient [taps, groups * 4, panels * 8]: one tap, some groups of input channels, some panels of output
 * channels; summed over all pixels of the packed images. The pixels are taken in blocks that stay in the first cache.
 */
export function filterGradient(chunk: i32, _thread: i32): void {
  const packedInput = ptr(0); // [groups, batch, height, width, 4]
  const packedGradient = ptr(1); // [panels, batch, outHeight, outWidth, 8]
  const output = ptr(2);
  const groups = arg(3);
  const panels = arg(4);
  const batch = arg(5);
  const height = arg(6);
  const width = arg(7);
  const outHeight = arg(8);
  const outWidth = arg(9);
  const strideY = arg(10);
  const strideX = arg(11);
  const kernelWidth = arg(12);
  const dilationY = arg(13);
  const dilationX = arg(14);
  const groupsPerChunk = arg(15);
  const panelsPerChunk = arg(16);
  const imagesPerBlock = arg(17);
  const rowsPerBlock = arg(18);
  const addToOutput = arg(19);

  const groupParts = (groups + groupsPerChunk - 1) / groupsPerChunk;
  const panelParts = (panels + panelsPerChunk - 1) / panelsPerChunk;
  const tap = chunk / (groupParts * panelParts);
  const firstGroup = ((chunk / panelParts) % groupParts) * groupsPerChunk;
  const endGroup = min(groups, firstGroup + groupsPerChunk);
  const firstPanel = (chunk % panelParts) * panelsPerChunk;
  const endPanel = min(panels, firstPanel + panelsPerChunk);

  const y = (tap / kernelWidth) * dilationY;
  const x = (tap % kernelWidth) * dilationX;
  const step = <usize>strideX << 4;
  const line = <usize>(strideY * width) << 4;
  const image = <usize>(height * width) << 4;
  const plane = <usize>batch * image;
  const pixels = outHeight * outWidth;
  const pitch = <usize>panels << 5;
  const start = packedInput + (<usize>(y * width + x) << 4);

  for (let n = 0; n < batch; n += imagesPerBlock) {
    const images = min(imagesPerBlock, batch - n);
    for (let row = 0; row < outHeight; row += rowsPerBlock) {
      const rows = min(rowsPerBlock, outHeight - row);
      const add = addToOutput != 0 || n != 0 || row != 0;
      const offset = <usize>n * image + <usize>row * line;
      const gradientOffset = <usize>(n * pixels + row * outWidth) << 5;
      for (let panel = firstPanel; panel < endPanel; panel++) {
        const b = packedGradient + (<usize>(panel * batch * pixels) << 5) + gradientOffset;
        for (let group = firstGroup; group < endGroup; group++) {
          const a = start + <usize>group * plane + offset;
          const out = output + <usize>((tap * groups + group) << 2) * pitch + (<usize>panel << 5);
          outerTile(a, images, image, rows, line, outWidth, step, b, out, pitch, add);
        }
      }
    }
  }
}

/** A tile of 4 by 8 values: out[i][j] = sum over pixels of a[pixel][i] * b[pixel][j]; see `tile` for its form. */
export function outerTile(
  a: usize,
  images: i32,
  image: usize,
  rows: i32,
  line: usize,
  run: i32,
  step: usize,
  b: usize,
  out: usize,
  pitch: usize,
  add: bool,
): void {
  let c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128, c30: v128, c31: v128;
  const out1 = out + pitch;
  const out2 = out1 + pitch;
  const out3 = out2 + pitch;
  if (add) {
    c00 = v128.load(out);
    c01 = v128.load(out, 16);
    c10 = v128.load(out1);
    c11 = v128.load(out1, 16);
    c20 = v128.load(out2);
    c21 = v128.load(out2, 16);
    c30 = v128.load(out3);
    c31 = v128.load(out3, 16);
  } else {
    c00 = f32x4.splat(0);
    c01 = c00;
    c10 = c00;
    c11 = c00;
    c20 = c00;
    c21 = c00;
    c30 = c00;
    c31 = c00;
  }
  let b0: v128, b1: v128, x: v128;
  for (let n = 0; n < images; n++) {
    let start = a;
    for (let row = 0; row < rows; row++) {
      let at = start;
      let k = run;
      while (true) {
        b0 = v128.load(b);
        b1 = v128.load(b, 16);
        x = v128.load32_splat(at);
        c00 = fma(x, b0, c00);
        c01 = fma(x, b1, c01);
        x = v128.load32_splat(at, 4);
        c10 = fma(x, b0, c10);
        c11 = fma(x, b1, c11);
        x = v128.load32_splat(at, 8);
        c20 = fma(x, b0, c20);
        c21 = fma(x, b1, c21);
        x = v128.load32_splat(at, 12);
        c30 = fma(x, b0, c30);
        c31 = fma(x, b1, c31);
        if (k == 1) {
          b += 32;
          break;
        }
        at += step;
        b0 = v128.load(b, 32);
        b1 = v128.load(b, 48);
        x = v128.load32_splat(at);
        c00 = fma(x, b0, c00);
        c01 = fma(x, b1, c01);
        x = v128.load32_splat(at, 4);
        c10 = fma(x, b0, c10);
        c11 = fma(x, b1, c11);
        x = v128.load32_splat(at, 8);
        c20 = fma(x, b0, c20);
        c21 = fma(x, b1, c21);
        x = v128.load32_splat(at, 12);
        c30 = fma(x, b0, c30);
        c31 = fma(x, b1, c31);
        b += 64;
        k -= 2;
        if (k == 0) break;
        at += step;
      }
      start += line;
    }
    a += image;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  v128.store(out1, c10);
  v128.store(out1, c11, 16);
  v128.store(out2, c20);
  v128.store(out2, c21, 16);
  v128.store(out3, c30);
  v128.store(out3, c31, 16);
}
