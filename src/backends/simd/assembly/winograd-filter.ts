// The gradient of a 3x3 filter of stride 1 by the transpose of Winograd's F(4x4, 3x3): where the output is
// Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, the gradient of g is Gᵀ[Σ (A dY Aᵀ) ⊙ (Bᵀ d B)]G, summed over the tiles.

import { FILTER_PARTS, FILTER_TILES, PLANE_GAP } from '../winograd-layout';
import { outerTile } from './filter-gradient';
import { arg, ptr } from './memory-map';
import { fma } from './tile';
import { A, B, transformInput } from './winograd';

// Arguments: 0 input, 1 gradient, 2 output; 8 … 15 batch, height, width, channels, outHeight, outWidth, padTop, padLeft;
// 16 filters, 17 tiles of a block, 18 zeros, 19 scratch, 20 bytes of it for each thread; 21 a block's transforms, those of
// the input [36, channels / 4, tiles, 4], then those of the gradient [36, filters / 8, tiles, 8]; 22 bytes from one
// thread's block to the next; 23 products [slices, 36, channels, filters], 24 how many slices; 25 the first tile of the
// block, 26 its tiles, where all threads work on one block, otherwise 26 tiles of a slice, and 27 all tiles.

/** Tiles of a stretch of the transformed gradient that stay in the first cache while channels go by. */
const DEPTH: i32 = 512;

// @ts-ignore: decorator
@inline
function planeOf(columns: usize, rows: usize): usize {
  return ((columns * rows) << 2) + PLANE_GAP;
}

/** The transform of four values of the gradient, A y, to six, by strides in bytes. */
// @ts-ignore: decorator
@inline
function transformGradient(y0: v128, y1: v128, y2: v128, y3: v128, to: usize, step: usize): void {
  const even1 = fma(y2, f32x4.splat(0.5), y0);
  const odd1 = f32x4.mul(f32x4.splat(A), fma(y3, f32x4.splat(0.5), y1));
  const even2 = fma(y2, f32x4.splat(2), y0);
  const odd2 = f32x4.mul(f32x4.splat(B), fma(y3, f32x4.splat(2), y1));
  v128.store(to, y0);
  v128.store(to + step, f32x4.add(even1, odd1));
  v128.store(to + 2 * step, f32x4.sub(even1, odd1));
  v128.store(to + 3 * step, f32x4.add(even2, odd2));
  v128.store(to + 4 * step, f32x4.sub(even2, odd2));
  v128.store(to + 5 * step, y3);
}

/**
 * The products of a slice of the tiles; a chunk is a slice. It goes block by block, so that what is transformed is
 * multiplied while it is in the second cache of the thread's processor.
 */
export function winogradFilter(chunk: i32, thread: i32): void {
  const first = chunk * arg(26);
  const end = min(arg(27), first + arg(26));
  const space = ptr(21) + <usize>thread * ptr(22);
  const products = ptr(23) + <usize>chunk * 36 * productPlane();
  const groups = arg(11) >> 2;
  for (let block = first; block < end; block += arg(17)) {
    const count = min(arg(17), end - block);
    for (let i = 0; i < count; i++) transformTile(block + i, i, thread, space);
    for (let point = 0; point < 36; point++) {
      multiply(point, 0, groups, count, space, products, block != first);
    }
  }
}

// The same as two jobs over a block that all threads share, for images of few tiles and many channels.

/** Transforms tiles of the input and of the gradient; a chunk is FILTER_TILES of them. */
export function winogradFilterTransform(chunk: i32, thread: i32): void {
  const end = min(arg(26), (chunk + 1) * FILTER_TILES);
  for (let i = chunk * FILTER_TILES; i < end; i++) transformTile(arg(25) + i, i, thread, ptr(21));
}

/** The products of a plane, summed over its tiles; a chunk is a part of one plane's channels. */
export function winogradFilterProduct(chunk: i32, _thread: i32): void {
  const part = chunk % FILTER_PARTS;
  const groups = arg(11) >> 2;
  const firstGroup = (groups * part) / FILTER_PARTS;
  const endGroup = (groups * (part + 1)) / FILTER_PARTS;
  multiply(chunk / FILTER_PARTS, firstGroup, endGroup, arg(26), ptr(21), ptr(23), arg(25) != 0);
}

// @ts-ignore: decorator
@inline
function inputPlane(): usize {
  return planeOf(ptr(11), ptr(17));
}

// @ts-ignore: decorator
@inline
function gradientPlane(): usize {
  return planeOf(ptr(16), ptr(17));
}

// @ts-ignore: decorator
@inline
function productPlane(): usize {
  return planeOf(ptr(11), ptr(16));
}

/** Transforms a tile of the input and of the gradient to number `row` of a block. */
function transformTile(tile: i32, row: i32, thread: i32, space: usize): void {
  const scratch = ptr(19) + <usize>thread * ptr(20);
  const tiles = ptr(17);
  transformInput(tile, scratch, space + (<usize>row << 4), inputPlane(), tiles);

  const outHeight = arg(12);
  const outWidth = arg(13);
  const tilesY = (outHeight + 3) >> 2;
  const tilesX = (outWidth + 3) >> 2;
  const left = (tile % tilesX) * 4;
  const top = ((tile / tilesX) % tilesY) * 4;
  const n = tile / (tilesX * tilesY);
  const pixel = ptr(16) << 2;
  const zeros = ptr(18);
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) {
      const inside = top + y < outHeight && left + x < outWidth;
      const address = ptr(1) + <usize>((n * outHeight + top + y) * outWidth + left + x) * pixel;
      store<u32>(scratch + <usize>((y * 4 + x) << 2), <u32>(inside ? address : zeros));
    }
  }
  const middle = scratch + 256;
  const block = space + 36 * inputPlane() + (<usize>row << 5);
  const plane = gradientPlane();
  for (let c: usize = 0; c < pixel; c += 16) {
    for (let x: usize = 0; x < 4; x++) {
      const from = scratch + (x << 2);
      transformGradient(
        v128.load(<usize>load<u32>(from) + c),
        v128.load(<usize>load<u32>(from, 16) + c),
        v128.load(<usize>load<u32>(from, 32) + c),
        v128.load(<usize>load<u32>(from, 48) + c),
        middle + (x << 4),
        64,
      );
    }
    // Eight columns of a tile stand together.
    const to = block + (((c >> 5) * tiles) << 5) + (c & 16);
    for (let y: usize = 0; y < 6; y++) {
      const from = middle + (y << 6);
      transformGradient(
        v128.load(from),
        v128.load(from, 16),
        v128.load(from, 32),
        v128.load(from, 48),
        to + y * 6 * plane,
        plane,
      );
    }
  }
}

/** The products of a plane of a block, of some groups of four channels, summed over its tiles. */
function multiply(
  point: i32,
  firstGroup: i32,
  endGroup: i32,
  count: i32,
  space: usize,
  products: usize,
  add: bool,
): void {
  const panels = arg(16) >> 3;
  const tiles = arg(17);
  const pitch = ptr(16) << 2;
  const input = space + <usize>point * inputPlane();
  const gradient = space + 36 * inputPlane() + <usize>point * gradientPlane();
  const output = products + <usize>point * productPlane();
  for (let first = 0; first < count; first += DEPTH) {
    const depth = min(DEPTH, count - first);
    for (let panel = 0; panel < panels; panel++) {
      const b = gradient + (<usize>(panel * tiles + first) << 5);
      for (let group = firstGroup; group < endGroup; group++) {
        const a = input + (<usize>(group * tiles + first) << 4);
        const out = output + <usize>(group << 2) * pitch + (<usize>panel << 5);
        outerTile(a, 1, 0, 1, 0, depth, 16, b, out, pitch, add || first != 0);
      }
    }
  }
}

/** Adds the slices' products and transforms them back to the gradient [3, 3, channels, filters]; a chunk is a channel. */
export function winogradFilterOutput(chunk: i32, thread: i32): void {
  const line = ptr(16) << 2;
  const plane = productPlane();
  const slice: usize = 36 * plane;
  const end: usize = ptr(24) * slice;
  const to = ptr(2) + <usize>chunk * line;
  const tap = ptr(11) * line;
  const middle = ptr(19) + <usize>thread * ptr(20);
  for (let c: usize = 0; c < line; c += 16) {
    for (let point: usize = 0; point < 36; point++) {
      const from = ptr(23) + point * plane + <usize>chunk * line + c;
      let sum = v128.load(from);
      for (let at = slice; at < end; at += slice) sum = f32x4.add(sum, v128.load(from + at));
      v128.store(middle + (point << 4), sum);
    }
    for (let x: usize = 0; x < 6; x++) transformBack(middle + (x << 4), 96, middle + (x << 4), 96);
    for (let y: usize = 0; y < 3; y++) transformBack(middle + y * 96, 16, to + y * 3 * tap + c, tap);
  }
}

/** Gᵀ m for six values, to three, which may take the place of the first. */
// @ts-ignore: decorator
@inline
function transformBack(from: usize, step: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + step);
  const m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step);
  const sum1 = f32x4.add(m1, m2);
  const sum2 = f32x4.add(m3, m4);
  const odd1 = f32x4.mul(f32x4.splat(<f32>(-2.0 / 3.0) * A), f32x4.sub(m1, m2));
  const odd2 = f32x4.mul(f32x4.splat(<f32>(1.0 / 6.0) * B), f32x4.sub(m3, m4));
  const first = fma(sum1, f32x4.splat(-2.0 / 3.0), fma(sum2, f32x4.splat(1.0 / 6.0), v128.load(from)));
  const difference = f32x4.mul(f32x4.splat(1.0 / 3.0), f32x4.sub(sum2, sum1));
  v128.store(to, first);
  v128.store(to + toStep, f32x4.add(odd1, odd2));
  v128.store(to + 2 * toStep, f32x4.add(v128.load(from + 5 * step), difference));
}
