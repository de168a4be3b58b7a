// The gradient of a convolution's filter: for each tap, (input pixels, transposed) times (gradient pixels).

import { loadPart } from './activations';
import { arg, ptr } from './memory-map';
import { fma, Pair, second, Whole } from './tile';

/**
 * Packs images into quads of channels with a border of zeros: [batch, height, width, channels] to
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
  const quads = (channels + 3) >> 2;
  const pixel = <usize>channels << 2;
  const from = ptr(0) + <usize>(((chunk / outHeight) * height + y) * width) * pixel;
  const inside = <u32>y < <u32>height;
  const first = min(left, outWidth);
  const end = max(first, min(outWidth, left + width));
  for (let quad = 0; quad < quads; quad++) {
    const to = ptr(1) + <usize>quad * plane + <usize>chunk * line;
    if (!inside) {
      memory.fill(to, 0, line);
      continue;
    }
    const count = channels - (quad << 2);
    let source = from + (<usize>quad << 4);
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
 * A block of the gradient [taps, quads * 4, panels * 8]: one tap, some quads of input channels, some panels of output
 * channels; summed over all pixels of the packed images. The pixels are taken in blocks that stay in the first cache.
 *
 * Of a convolution of several groups, each has `quads` quads of input channels and `groupColumns` output channels, a
 * multiple of four.
 */
export function filterGradient(chunk: i32, _thread: i32): void {
  const packedInput = ptr(0); // [groups, quads, batch, height, width, 4]
  const packedGradient = ptr(1); // [panels, batch, outHeight, outWidth, 8]
  const quads = arg(3);
  const panels = arg(4);
  const batch = arg(5);
  const height = arg(6);
  const width = arg(7);
  const outHeight = arg(8);
  const outWidth = arg(9);
  const line = <usize>(arg(10) * width) << 4;
  const kernelWidth = arg(12);
  const quadsPerChunk = arg(15);
  const panelsPerChunk = arg(16);
  const imagesPerBlock = arg(17);
  const rowsPerBlock = arg(18);

  const quadParts = (quads + quadsPerChunk - 1) / quadsPerChunk;
  const panelParts = (panels + panelsPerChunk - 1) / panelsPerChunk;
  const tap = chunk / (quadParts * panelParts);
  const firstQuad = ((chunk / panelParts) % quadParts) * quadsPerChunk;
  const endQuad = min(quads, firstQuad + quadsPerChunk);
  const firstPanel = (chunk % panelParts) * panelsPerChunk;
  const endPanel = min(panels, firstPanel + panelsPerChunk);

  const y = (tap / kernelWidth) * arg(13);
  const x = (tap % kernelWidth) * arg(14);
  const image = <usize>(height * width) << 4;
  const pixels = outHeight * outWidth;
  const start = packedInput + (<usize>(y * width + x) << 4);

  for (let n = 0; n < batch; n += imagesPerBlock) {
    const images = min(imagesPerBlock, batch - n);
    for (let row = 0; row < outHeight; row += rowsPerBlock) {
      const rows = min(rowsPerBlock, outHeight - row);
      const add = arg(19) != 0 || n != 0 || row != 0;
      const a = start + <usize>n * image + <usize>row * line;
      const gradientOffset = <usize>(n * pixels + row * outWidth) << 5;
      for (let panel = firstPanel; panel < endPanel; panel++) {
        const b = packedGradient + (<usize>(panel * batch * pixels) << 5) + gradientOffset;
        for (let quad = firstQuad; quad < endQuad; quad++) groupTile(a, images, rows, b, tap, quad, panel, add);
      }
    }
  }
}

/** One tile of the gradient, from some rows of some images; its columns are of one group or of two. */
function groupTile(a: usize, images: i32, rows: i32, b: usize, tap: i32, quad: i32, panel: i32, add: bool): void {
  const quads = arg(3);
  const width = arg(7);
  const outWidth = arg(9);
  const groupColumns = arg(20);
  const image = <usize>(arg(6) * width) << 4;
  const line = <usize>(arg(10) * width) << 4;
  const step = ptr(11) << 4;
  const plane = <usize>arg(5) * image;
  const pitch = ptr(4) << 5;
  const group = (panel << 3) / groupColumns;
  const from = a + <usize>(group * quads + quad) * plane;
  const out = ptr(2) + <usize>((tap * quads + quad) << 2) * pitch + (<usize>panel << 5);
  if (min((panel << 3) + 4, arg(21) - 1) / groupColumns == group) {
    outerTile(from, images, image, rows, line, outWidth, step, b, out, pitch, add);
  } else {
    const apart = <usize>quads * plane;
    outerTileOf<Pair>(from, apart, images, image, rows, line, outWidth, step, b, out, pitch, add);
  }
}

/**
 * A tile of 4 by 8 values: out[i][j] = sum over pixels of a[pixel][i] * b[pixel][j], of `images` images of `rows` rows of
 * `run` pixels; `image`, `line` and `step` are the bytes from one to the next in `a`.
 */
export function outerTile(
  a: usize, images: i32, image: usize, rows: i32, line: usize, run: i32, step: usize, b: usize, out: usize,
  pitch: usize, add: bool,
): void {
  outerTileOf<Whole>(a, 0, images, image, rows, line, run, step, b, out, pitch, add);
}

/** Of a pair, columns 4…8 are of another group, whose input is `apart` bytes behind that of columns 0…4. */
// @ts-ignore: decorator
@inline
function outerTileOf<Kind>(
  a: usize, apart: usize, images: i32, image: usize, rows: i32, line: usize, run: i32, step: usize, b: usize,
  out: usize, pitch: usize, add: bool,
): void {
  const out1 = out + pitch;
  const out2 = out1 + pitch;
  const out3 = out2 + pitch;
  const none = f32x4.splat(0);
  let c00 = add ? v128.load(out) : none;
  let c01 = add ? v128.load(out, 16) : none;
  let c10 = add ? v128.load(out1) : none;
  let c11 = add ? v128.load(out1, 16) : none;
  let c20 = add ? v128.load(out2) : none;
  let c21 = add ? v128.load(out2, 16) : none;
  let c30 = add ? v128.load(out3) : none;
  let c31 = add ? v128.load(out3, 16) : none;
  for (let n = 0; n < images; n++) {
    let start = a;
    for (let row = 0; row < rows; row++) {
      let at = start;
      const end = b + (<usize>run << 5);
      do {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        let x = v128.load32_splat(at);
        c00 = fma(x, b0, c00);
        c01 = fma(second<Kind>(x, at, apart), b1, c01);
        x = v128.load32_splat(at, 4);
        c10 = fma(x, b0, c10);
        c11 = fma(second<Kind>(x, at + 4, apart), b1, c11);
        x = v128.load32_splat(at, 8);
        c20 = fma(x, b0, c20);
        c21 = fma(second<Kind>(x, at + 8, apart), b1, c21);
        x = v128.load32_splat(at, 12);
        c30 = fma(x, b0, c30);
        c31 = fma(second<Kind>(x, at + 12, apart), b1, c31);
        b += 32;
        at += step;
      } while (b < end);
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
