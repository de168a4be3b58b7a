// The gradient of a 3x3 filter of stride 1 by the transpose of Winograd's F(4x4, 3x3): where the output is
// Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, the gradient of g is Gᵀ[Σ (A dY Aᵀ) ⊙ (Bᵀ d B)]G, summed over the tiles.

import { FILTER_PARTS, PLANE_GAP } from '../winograd-layout';
import { outerTile } from './filter-gradient';
import { arg, ptr } from './memory-map';
import { fma } from './tile';
import { A, B, transformInput } from './winograd';

// Arguments: 0 input, 1 gradient, 2 output; 8 … 15 batch, height, width, channels, outHeight, outWidth, padTop, padLeft;
// 16 filters, 17 tiles, 18 zeros, 19 scratch, 20 bytes of it for each thread; 21 … 23 the transformed input
// [36, channels / 4, tiles, 4], the transformed gradient [36, filters / 8, tiles, 8], and their products
// [36, channels, filters]; 24 whether products are added to those of the block before.

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

/** Transforms a tile of the input and of the gradient; a chunk is a tile. */
export function winogradFilterTransform(chunk: i32, thread: i32): void {
  const tiles = ptr(17);
  const scratch = ptr(19) + <usize>thread * ptr(20);
  const plane = planeOf(ptr(11), tiles);
  transformInput(chunk, scratch, ptr(21) + (<usize>chunk << 4), plane, tiles);

  const outHeight = arg(12);
  const outWidth = arg(13);
  const tilesY = (outHeight + 3) >> 2;
  const tilesX = (outWidth + 3) >> 2;
  const left = (chunk % tilesX) * 4;
  const top = ((chunk / tilesX) % tilesY) * 4;
  const n = chunk / (tilesX * tilesY);
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
  const gradientPlane = planeOf(ptr(16), tiles);
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
    const to = ptr(22) + (((c >> 5) * tiles + <usize>chunk) << 5) + (c & 16);
    for (let y: usize = 0; y < 6; y++) {
      const from = middle + (y << 6);
      transformGradient(
        v128.load(from),
        v128.load(from, 16),
        v128.load(from, 32),
        v128.load(from, 48),
        to + y * 6 * gradientPlane,
        gradientPlane,
      );
    }
  }
}

/** The products of a plane, summed over its tiles; a chunk is a part of one plane's channels. */
export function winogradFilterProduct(chunk: i32, _thread: i32): void {
  const point = <usize>(chunk / FILTER_PARTS);
  const part = chunk % FILTER_PARTS;
  const groups = arg(11) >> 2;
  const panels = arg(16) >> 3;
  const tiles = arg(17);
  const pitch = ptr(16) << 2;
  const input = ptr(21) + point * planeOf(ptr(11), tiles);
  const gradient = ptr(22) + point * planeOf(ptr(16), tiles);
  const output = ptr(23) + point * planeOf(ptr(11), ptr(16));
  const firstGroup = (groups * part) / FILTER_PARTS;
  const endGroup = (groups * (part + 1)) / FILTER_PARTS;
  for (let first = 0; first < tiles; first += DEPTH) {
    const count = min(DEPTH, tiles - first);
    const add = first != 0 || arg(24) != 0;
    for (let panel = 0; panel < panels; panel++) {
      const b = gradient + (<usize>(panel * tiles + first) << 5);
      for (let group = firstGroup; group < endGroup; group++) {
        const a = input + (<usize>(group * tiles + first) << 4);
        const out = output + <usize>(group << 2) * pitch + (<usize>panel << 5);
        outerTile(a, 1, 0, 1, 0, count, 16, b, out, pitch, add);
      }
    }
  }
}

/** Transforms the products back to the gradient [3, 3, channels, filters]; a chunk is a channel. */
export function winogradFilterOutput(chunk: i32, thread: i32): void {
  const filters = ptr(16);
  const line = filters << 2;
  const plane = planeOf(ptr(11), filters);
  const from = ptr(23) + <usize>chunk * line;
  const to = ptr(2) + <usize>chunk * line;
  const tap = ptr(11) * line;
  const middle = ptr(19) + <usize>thread * ptr(20);
  for (let c: usize = 0; c < line; c += 16) {
    for (let x: usize = 0; x < 6; x++) {
      transformBack(from + x * plane + c, 6 * plane, middle + (x << 4), 96);
    }
    for (let y: usize = 0; y < 3; y++) transformBack(middle + y * 96, 16, to + y * 3 * tap + c, tap);
  }
}

/** Gᵀ m for six values, to three. */
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
