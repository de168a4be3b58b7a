// 3x3 convolution of stride 1 by Winograd's minimal filtering F(4x4, 3x3): Lavin and Gray 2015, arXiv 1509.09308.
// The interpolation points are 0, ±1/√2, ±√2 and infinity, which lose less to rounding than Lavin's 0, ±1, ±2.

import { PLANE_GAP } from '../winograd-layout';
import { activate } from './activations';
import { LARGEST } from './evenness';
import { arg, ptr, real } from './memory-map';
import { clamp, fma, STREAM, tile } from './tile';

export const A: f32 = 0.70710678118654752;
export const B: f32 = 1.4142135623730951;
// A² = 1/2, B² = 2, A²B² = 1, A² + B² = 5/2, AB² = B, A²B = A, A³ = A/2, B³ = 2B.

/** The transform of six values of the input, BᵀX, from `from` to `to`, by strides in bytes. */
// @ts-ignore: decorator
@inline
function transform(
  d0: v128,
  d1: v128,
  d2: v128,
  d3: v128,
  d4: v128,
  d5: v128,
  to: usize,
  step: usize,
): void {
  const even1 = fma(d2, f32x4.splat(-2), d4);
  const odd1 = f32x4.mul(f32x4.splat(A), fma(d1, f32x4.splat(-2), d3));
  const even2 = fma(d2, f32x4.splat(-0.5), d4);
  const odd2 = f32x4.mul(f32x4.splat(B), fma(d1, f32x4.splat(-0.5), d3));
  v128.store(to, f32x4.add(fma(d2, f32x4.splat(-2.5), d0), d4));
  v128.store(to + step, f32x4.add(even1, odd1));
  v128.store(to + 2 * step, f32x4.sub(even1, odd1));
  v128.store(to + 3 * step, f32x4.add(even2, odd2));
  v128.store(to + 4 * step, f32x4.sub(even2, odd2));
  v128.store(to + 5 * step, f32x4.add(fma(d3, f32x4.splat(-2.5), d1), d5));
}

/** Bytes of the table of rows for four tiles: see `tile`. */
const ENTRY_BYTES: usize = 48;

/** A block of image tiles, 4x4 pixels of the output each, by all filters, from input to output. */
export function winograd(chunk: i32, thread: i32): void {
  const tilesPerBlock = arg(17);
  const first = chunk * tilesPerBlock;
  const count = min(tilesPerBlock, countTiles() - first);
  const scratch = scratchOf(thread);
  const space = ptr(21) + <usize>thread * ptr(22);
  const bytes = ptr(11) << 2;
  for (let i = 0; i < count; i++) transformInput(first + i, scratch, space + <usize>i * bytes, inputPlane(), 1);
  for (let point = 0; point < 36; point++) multiply(point, count, scratch, space);
  transformOutput(first, 0, count, scratch, space);
}

// The same as three jobs over one block of all tiles, for images of few tiles: a tile, a point or a tile a chunk.

export function winogradInput(chunk: i32, thread: i32): void {
  transformInput(chunk, scratchOf(thread), ptr(21) + <usize>chunk * (ptr(11) << 2), inputPlane(), 1);
}

export function winogradProduct(chunk: i32, thread: i32): void {
  multiply(chunk, countTiles(), scratchOf(thread), ptr(21));
}

export function winogradOutput(chunk: i32, thread: i32): void {
  transformOutput(chunk, chunk, 1, scratchOf(thread), ptr(21));
}

/** Scratch of a thread: 36 addresses and 36 vectors, or the table of rows. */
// @ts-ignore: decorator
@inline
function scratchOf(thread: i32): usize {
  return ptr(19) + <usize>thread * ptr(20);
}

function countTiles(): i32 {
  return arg(8) * ((arg(12) + 3) >> 2) * ((arg(13) + 3) >> 2);
}

/** Bytes from one plane of a block's transformed input to the next. */
// @ts-ignore: decorator
@inline
function inputPlane(): usize {
  return ptr(17) * ptr(11) * 4 + PLANE_GAP;
}

/** Bytes from one plane of a block's products to the next. */
// @ts-ignore: decorator
@inline
function productPlane(): usize {
  return ptr(17) * ptr(16) * 4 + PLANE_GAP;
}

/**
 * Transforms tile number `index` of the input to 36 planes from `to` on, `plane` bytes apart; in a plane, four channels
 * follow the four before them at `channelStep` times 16 bytes.
 */
export function transformInput(index: i32, workspace: usize, to: usize, plane: usize, channelStep: usize): void {
  const input = ptr(0);
  const height = arg(9);
  const width = arg(10);
  const channels = arg(11);
  const tilesY = (arg(12) + 3) >> 2;
  const tilesX = (arg(13) + 3) >> 2;
  const padTop = arg(14);
  const padLeft = arg(15);
  const zeros = ptr(18);
  const scratch = workspace + 256;
  const bytes = <usize>channels << 2;
  const left = (index % tilesX) * 4 - padLeft;
  const top = ((index / tilesX) % tilesY) * 4 - padTop;
  const n = index / (tilesX * tilesY);
  for (let y = 0; y < 6; y++) {
    for (let x = 0; x < 6; x++) {
      const inside = <u32>(top + y) < <u32>height && <u32>(left + x) < <u32>width;
      const address = input + <usize>((n * height + top + y) * width + left + x) * bytes;
      store<u32>(workspace + <usize>((y * 6 + x) << 2), <u32>(inside ? address : zeros));
    }
  }
  for (let c: usize = 0; c < bytes; c += 16) {
    for (let x: usize = 0; x < 6; x++) {
      const from = workspace + (x << 2);
      transform(
        v128.load(<usize>load<u32>(from) + c),
        v128.load(<usize>load<u32>(from, 24) + c),
        v128.load(<usize>load<u32>(from, 48) + c),
        v128.load(<usize>load<u32>(from, 72) + c),
        v128.load(<usize>load<u32>(from, 96) + c),
        v128.load(<usize>load<u32>(from, 120) + c),
        scratch + (x << 4),
        96,
      );
    }
    for (let y: usize = 0; y < 6; y++) {
      const from = scratch + y * 96;
      transform(
        v128.load(from),
        v128.load(from, 16),
        v128.load(from, 32),
        v128.load(from, 48),
        v128.load(from, 64),
        v128.load(from, 80),
        to + y * 6 * plane + c * channelStep,
        plane,
      );
    }
  }
}

/** The product of one of the 36 planes: [count, channels] by [channels, filters]. */
function multiply(point: i32, count: i32, workspace: usize, space: usize): void {
  const packed = ptr(1); // [36, filters / 8, channels, 8]
  const zeros = ptr(18);
  const channels = arg(11);
  const filters = arg(16);
  const panels = filters >> 3;
  const row = <usize>filters << 2;
  const from = space + <usize>point * inputPlane();
  const to = space + 36 * inputPlane() + <usize>point * productPlane();
  const panelBytes = <usize>channels << 5;
  const b = packed + <usize>point * (<usize>panels * panelBytes + PLANE_GAP);
  // Rows past the last tile hold whatever was there; what comes of them is never read.
  for (let q = 0; q < count; q += 4) {
    for (let i: usize = 0; i < 4; i++) {
      store<u32>(workspace + (i << 2), <u32>(to + (<usize>q + i) * row));
      store<u32>(workspace + (i << 2), <u32>(from + (<usize>q + i) * (<usize>channels << 2)), 32);
    }
    workspace += ENTRY_BYTES;
  }
  const quads: usize = (count + 3) >> 2;
  const table = workspace - quads * ENTRY_BYTES;
  const group = max(1, <i32>(STREAM / panelBytes));
  for (let first = 0; first < panels; first += group) {
    const end = min(first + group, panels);
    for (let q: usize = 0; q < quads; q++) {
      const at = table + q * ENTRY_BYTES;
      for (let panel = first; panel < end; panel++) {
        const matrix = b + <usize>panel * panelBytes;
        tile(at, at + 32, 1, 0, channels, matrix, <usize>panel << 5, zeros, false, -Infinity, Infinity);
      }
    }
  }
}

/** Transforms `count` tiles, in the rows from `row` on of the block's 36 planes, back to pixels. */
function transformOutput(first: i32, row: i32, count: i32, workspace: usize, space: usize): void {
  const output = ptr(2);
  const bias = ptr(3);
  const least = f32x4.splat(real(5));
  const most = f32x4.splat(real(6));
  const activation = arg(7);
  const outHeight = arg(12);
  const outWidth = arg(13);
  const filters = arg(16);
  const tilesY = (outHeight + 3) >> 2;
  const tilesX = (outWidth + 3) >> 2;
  const scratch = workspace + 256;
  const pixel = <usize>filters << 2;
  const plane = productPlane();
  const products = space + 36 * inputPlane();
  for (let i = 0; i < count; i++) {
    const index = first + i;
    const left = (index % tilesX) * 4;
    const top = ((index / tilesX) % tilesY) * 4;
    const n = index / (tilesX * tilesY);
    const columns = min(4, outWidth - left);
    const rows = min(4, outHeight - top);
    const corner = <usize>((n * outHeight + top) * outWidth + left) * pixel;
    for (let c: usize = 0; c < pixel; c += 16) {
      transformColumns(products + <usize>(row + i) * pixel + c, plane, scratch);
      const start = bias ? v128.load(bias + c) : f32x4.splat(0);
      const offset = corner + c;
      for (let y = 0; y < rows; y++) {
        transformRow(scratch + <usize>y * 96, columns, start, offset + <usize>(y * outWidth) * pixel, pixel, least, most);
      }
    }
    if (activation != 0) {
      for (let y = 0; y < rows; y++) {
        const at = output + corner + <usize>(y * outWidth) * pixel;
        activate(activation, at, at, columns * filters);
      }
    }
  }
}

/** The output transform of the columns of a tile: 6x6 products, each in a plane of its kind, to 4x6 in the scratch. */
// @ts-ignore: decorator
@inline
function transformColumns(from: usize, plane: usize, scratch: usize): void {
  const half = f32x4.splat(0.5);
  const two = f32x4.splat(2);
  for (let x: usize = 0; x < 6; x++) {
    const at = from + x * plane;
    const m1 = v128.load(at + 6 * plane);
    const m2 = v128.load(at + 12 * plane);
    const m3 = v128.load(at + 18 * plane);
    const m4 = v128.load(at + 24 * plane);
    const sum1 = f32x4.add(m1, m2);
    const sum2 = f32x4.add(m3, m4);
    const odd1 = f32x4.mul(f32x4.splat(A), f32x4.sub(m1, m2));
    const odd2 = f32x4.mul(f32x4.splat(B), f32x4.sub(m3, m4));
    const to = scratch + (x << 4);
    v128.store(to, f32x4.add(f32x4.add(v128.load(at), sum1), sum2));
    v128.store(to, f32x4.add(odd1, odd2), 96);
    v128.store(to, fma(sum1, half, f32x4.mul(sum2, two)), 192);
    const last = v128.load(at + 30 * plane);
    v128.store(to, f32x4.add(last, fma(odd1, half, f32x4.mul(odd2, two))), 288);
  }
}

/** The output transform of a row at `at`: 6 values to `columns` pixels, of at most 4, and what follows the sum. */
// @ts-ignore: decorator
@inline
function transformRow(at: usize, columns: i32, start: v128, offset: usize, pixel: usize, least: v128, most: v128): void {
  const output = ptr(2);
  const residual = ptr(4);
  const half = f32x4.splat(0.5);
  const two = f32x4.splat(2);
  const m1 = v128.load(at, 16);
  const m2 = v128.load(at, 32);
  const m3 = v128.load(at, 48);
  const m4 = v128.load(at, 64);
  const sum1 = f32x4.add(m1, m2);
  const sum2 = f32x4.add(m3, m4);
  const odd1 = f32x4.mul(f32x4.splat(A), f32x4.sub(m1, m2));
  const odd2 = f32x4.mul(f32x4.splat(B), f32x4.sub(m3, m4));
  const value0 = f32x4.add(f32x4.add(v128.load(at), sum1), sum2);
  const value1 = f32x4.add(odd1, odd2);
  const value2 = fma(sum1, half, f32x4.mul(sum2, two));
  const value3 = f32x4.add(v128.load(at, 80), fma(odd1, half, f32x4.mul(odd2, two)));
  finish(value0, start, offset, output, residual, least, most);
  if (columns > 1) finish(value1, start, offset + pixel, output, residual, least, most);
  if (columns > 2) finish(value2, start, offset + 2 * pixel, output, residual, least, most);
  if (columns > 3) finish(value3, start, offset + 3 * pixel, output, residual, least, most);
}

/** Bias, residual and clamping of four values, and their storing. */
// @ts-ignore: decorator
@inline
function finish(
  x: v128,
  bias: v128,
  offset: usize,
  output: usize,
  residual: usize,
  low: v128,
  high: v128,
): void {
  let y = f32x4.add(x, bias);
  if (residual) y = f32x4.add(y, v128.load(residual + offset));
  v128.store(output + offset, clamp(y, low, high));
}

/** The transform of three values of a kernel, Gg, to six, by strides in bytes. */
// @ts-ignore: decorator
@inline
function transformFilter(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  // 1 / (2 A² (A² - B²)) = -2/3 and 1 / (2 B² (B² - A²)) = 1/6.
  const even1 = fma(g2, f32x4.splat(-1.0 / 3.0), f32x4.mul(g0, f32x4.splat(-2.0 / 3.0)));
  const odd1 = f32x4.mul(g1, f32x4.splat(<f32>((-2.0 / 3.0) * 0.70710678118654752)));
  const even2 = fma(g2, f32x4.splat(1.0 / 3.0), f32x4.mul(g0, f32x4.splat(1.0 / 6.0)));
  const odd2 = f32x4.mul(g1, f32x4.splat(<f32>((1.0 / 6.0) * 1.4142135623730951)));
  v128.store(to, g0);
  v128.store(to + step, f32x4.add(even1, odd1));
  v128.store(to + 2 * step, f32x4.sub(even1, odd1));
  v128.store(to + 3 * step, f32x4.add(even2, odd2));
  v128.store(to + 4 * step, f32x4.sub(even2, odd2));
  v128.store(to + 5 * step, g2);
}

/**
 * Transforms kernels [3, 3, depth, columns] and packs them: 36 planes [columns / 8, depth, 8], each {@link PLANE_GAP}
 * longer than its values. The matrix is read at tap * tapStep + depth * depthStep + column * columnStep, where one of
 * the last two is 1; `flip` turns the kernel by 180 degrees. A chunk is a panel. Where a value is too large to be
 * transformed or not a number, the last four bytes become 1.
 */
export function winogradPack(chunk: i32, thread: i32): void {
  const matrix = ptr(0);
  const packed = ptr(1);
  const depth = arg(2);
  const columns = arg(3);
  const tapStep = ptr(4) << 2;
  const depthStep = ptr(5) << 2;
  const columnStep = ptr(6) << 2;
  const flip = arg(7);
  const scratch = ptr(8) + (<usize>thread << 10);
  const taps = scratch + 288;
  const plane = (<usize>(depth * columns) << 2) + PLANE_GAP;
  let small = i32x4.splat(-1);
  for (let d = 0; d < depth; d += 4) {
    for (let half: usize = 0; half < 2; half++) {
      const from = matrix + <usize>d * depthStep + (<usize>(chunk * 8) + half * 4) * columnStep;
      // Four columns of four depths: [tap, depth, column].
      for (let tap: usize = 0; tap < 9; tap++) {
        const at = from + (flip ? 8 - tap : tap) * tapStep;
        const to = taps + (tap << 6);
        if (columnStep == 4) {
          for (let i: usize = 0; i < 4; i++) {
            const row = v128.load(at + i * depthStep);
            small = v128.and(small, f32x4.lt(f32x4.abs(row), f32x4.splat(LARGEST)));
            v128.store(to + (i << 4), row);
          }
          continue;
        }
        const r0 = v128.load(at);
        const r1 = v128.load(at + columnStep);
        const r2 = v128.load(at + 2 * columnStep);
        const r3 = v128.load(at + 3 * columnStep);
        for (let i: usize = 0; i < 4; i++) {
          small = v128.and(small, f32x4.lt(f32x4.abs(v128.load(at + i * columnStep)), f32x4.splat(LARGEST)));
        }
        const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
        const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
        const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
        const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
        v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
        v128.store(to, v128.shuffle<f64>(low01, low23, 1, 3), 16);
        v128.store(to, v128.shuffle<f64>(high01, high23, 0, 2), 32);
        v128.store(to, v128.shuffle<f64>(high01, high23, 1, 3), 48);
      }
      for (let i: usize = 0; i < 4; i++) {
        const g = taps + (i << 4);
        for (let x: usize = 0; x < 3; x++) {
          const at = g + (x << 6);
          transformFilter(v128.load(at), v128.load(at, 192), v128.load(at, 384), scratch + (x << 4), 48);
        }
        const to = packed + (<usize>(chunk * depth + d + i) << 5) + (half << 4);
        for (let y: usize = 0; y < 6; y++) {
          const at = scratch + y * 48;
          transformFilter(v128.load(at), v128.load(at, 16), v128.load(at, 32), to + y * 6 * plane, plane);
        }
      }
    }
  }
  if (!i32x4.all_true(small)) store<u32>(packed + 36 * plane - 4, 1);
}
