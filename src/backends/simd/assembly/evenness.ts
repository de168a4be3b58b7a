// Whether the values that Winograd's tiles mix are of like size. A transform rounds relative to the largest value of its
// tile; so where that is far above what an output's window holds, or is not finite, the output must be computed directly.

import { arg, ptr } from './memory-map';

// Arguments as in `winograd`, and 19 scratch, 20 bytes of it for each thread, 21 results. Magnitudes are kept as the bits of
// floats, whose order as integers is that of the floats, with not-a-number above infinity.

/** How many times the largest value under an output's window the largest of its tile may be. */
const EVEN: f32 = 64;
/** Values below it, of both image and kernel, overflow in no transform: 2^48. */
export const LARGEST: f32 = 281474976710656;

/** Every bit of a float but the sign. */
const MAGNITUDE: i32 = 0x7fffffff;

/** The largest magnitudes of a pixel's channels, a multiple of four, in four lanes. */
// @ts-ignore: decorator
@inline
function largestOf(from: usize, bytes: usize): v128 {
  const mask = i32x4.splat(MAGNITUDE);
  const end = from + bytes;
  let best = v128.and(v128.load(from), mask);
  for (from += 16; from < end; from += 16) best = i32x4.max_s(best, v128.and(v128.load(from), mask));
  return best;
}

/** The larger of neighbours two lanes apart: those of `a` in lanes 0 and 2, of `b` in lanes 1 and 3. */
// @ts-ignore: decorator
@inline
function join(a: v128, b: v128): v128 {
  return i32x4.max_s(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
}

// @ts-ignore: decorator
@inline
function largestLane(x: v128): i32 {
  x = i32x4.max_s(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return i32x4.extract_lane(i32x4.max_s(x, v128.shuffle<i32>(x, x, 1, 0, 3, 2)), 0);
}

// @ts-ignore: decorator
@inline
function smallestLane(x: v128): i32 {
  x = i32x4.min_s(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return i32x4.extract_lane(i32x4.min_s(x, v128.shuffle<i32>(x, x, 1, 0, 3, 2)), 0);
}

/** Writes the largest magnitudes of the pixels of a row, `count` from column `left` on, 0 outside of the image. */
function magnitudes(image: usize, y: i32, height: i32, width: i32, left: i32, bytes: usize, to: usize, count: i32): void {
  memory.fill(to, 0, <usize>count << 2);
  if (<u32>y >= <u32>height) return;
  const first = max(0, left);
  const end = min(width, left + count);
  to += <usize>(first - left) << 2;
  let from = image + <usize>(y * width + first) * bytes;
  let x = first;
  for (; x + 4 <= end; x += 4) {
    const even = join(largestOf(from, bytes), largestOf(from + 2 * bytes, bytes));
    const odd = join(largestOf(from + bytes, bytes), largestOf(from + 3 * bytes, bytes));
    v128.store(to, join(even, odd));
    from += 4 * bytes;
    to += 16;
  }
  for (; x < end; x++) {
    store<i32>(to, largestLane(largestOf(from, bytes)));
    from += bytes;
    to += 4;
  }
}

/** For the four columns of a tile, the largest of three neighbours. */
// @ts-ignore: decorator
@inline
function largestOf3(row: usize): v128 {
  return i32x4.max_s(i32x4.max_s(v128.load(row), v128.load(row, 4)), v128.load(row, 8));
}

/** Whether the values of a tile are of like size, whose largest is `most` and what must not be small `least`. */
// @ts-ignore: decorator
@inline
function isEven(most: i32, least: i32): bool {
  const largest = reinterpret<f32>(most);
  return largest <= EVEN * reinterpret<f32>(least) && largest < LARGEST;
}

/** Floats of a row of magnitudes: all tiles of a strip, and the last one's two columns beyond them. */
// @ts-ignore: decorator
@inline
function magnitudesOfRow(): i32 {
  return ((arg(13) + 3) & ~3) + 2;
}

/** The magnitudes of the six rows of the input that a strip of tiles sees. */
function stripMagnitudes(chunk: i32, to: usize): void {
  const tilesY = (arg(12) + 3) >> 2;
  const count = magnitudesOfRow();
  const top = (chunk % tilesY) * 4 - arg(14);
  const bytes = ptr(11) << 2;
  const image = ptr(0) + <usize>((chunk / tilesY) * arg(9) * arg(10)) * bytes;
  for (let y = 0; y < 6; y++) {
    magnitudes(image, top + y, arg(9), arg(10), -arg(15), bytes, to + <usize>(y * count) * 4, count);
  }
}

/**
 * The largest magnitude of a tile of the input, and the least of what windows of 3x3 hold at most, of `rows` by `columns`
 * outputs that there are: bits in the upper and lower half.
 */
function rangeOfWindows(at: usize, step: usize, rows: i32, columns: i32): u64 {
  let row0 = largestOf3(at);
  let row1 = largestOf3(at + step);
  let most = i32x4.splat(0);
  let least = i32x4.splat(MAGNITUDE);
  const missing = v128.and(i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(columns)), least);
  for (let y = 0; y < 4; y++) {
    at += step;
    const row2 = largestOf3(at + step);
    const largest = i32x4.max_s(i32x4.max_s(row0, row1), row2);
    most = i32x4.max_s(most, largest);
    if (y < rows) least = i32x4.min_s(least, v128.or(largest, missing));
    row0 = row1;
    row1 = row2;
  }
  return (<u64>largestLane(most) << 32) | <u64>smallestLane(least);
}

/** A strip of the convolution's tiles, four rows of the output: 1 where any of them is uneven, else 0. */
export function winogradCheck(chunk: i32, thread: i32): void {
  const rows = ptr(19) + <usize>thread * ptr(20);
  const step = <usize>magnitudesOfRow() << 2;
  const outHeight = arg(12);
  const outWidth = arg(13);
  const top = (chunk % ((outHeight + 3) >> 2)) * 4;
  stripMagnitudes(chunk, rows);
  let uneven = 0;
  for (let left = 0; left < outWidth; left += 4) {
    const range = rangeOfWindows(rows + (<usize>left << 2), step, outHeight - top, outWidth - left);
    if (!isEven(<i32>(range >> 32), <i32>range)) uneven = 1;
  }
  store<i32>(ptr(21) + (<usize>chunk << 2), uneven);
}

/**
 * The same of the filter's gradient, whose values are sums over all tiles: for a strip the sum of the largest products of
 * its tiles, max |x| * max |dy|, and what uneven tiles have of it. A tile of dy is uneven where one of its quarters is
 * far below the largest.
 */
export function winogradFilterCheck(chunk: i32, thread: i32): void {
  const rows = ptr(19) + <usize>thread * ptr(20);
  const count = magnitudesOfRow();
  const step = <usize>count << 2;
  const outHeight = arg(12);
  const outWidth = arg(13);
  const tilesY = (outHeight + 3) >> 2;
  const top = (chunk % tilesY) * 4;
  const bytes = ptr(16) << 2;
  const gradient = ptr(1) + <usize>((chunk / tilesY) * outHeight * outWidth) * bytes;
  const gradientRows = rows + 6 * step;
  stripMagnitudes(chunk, rows);
  for (let y = 0; y < 4; y++) {
    magnitudes(gradient, top + y, outHeight, outWidth, 0, bytes, gradientRows + <usize>y * step, count);
  }
  let all: f64 = 0;
  let uneven: f64 = 0;
  for (let left = 0; left < outWidth; left += 4) {
    const at = <usize>left << 2;
    const range = rangeOfWindows(rows + at, step, outHeight - top, outWidth - left);
    const upper = quarters(gradientRows + at, step, outWidth - left);
    // A tile that ends after two rows or columns has two quarters or one.
    const lower = outHeight - top > 2 ? quarters(gradientRows + 2 * step + at, step, outWidth - left) : upper;
    const largest = largestLane(i32x4.max_s(upper, lower));
    const product = <f64>reinterpret<f32>(<i32>(range >> 32)) * <f64>reinterpret<f32>(largest);
    all += product;
    const even = isEven(<i32>(range >> 32), <i32>range) && isEven(largest, smallestLane(i32x4.min_s(upper, lower)));
    if (!even) uneven += product;
  }
  const to = ptr(21) + (<usize>chunk << 4);
  store<f64>(to, all);
  store<f64>(to, uneven, 8);
}

/** The largest magnitudes of two columns by two rows, twice each; of the first two alone where there are no others. */
// @ts-ignore: decorator
@inline
function quarters(at: usize, step: usize, columns: i32): v128 {
  const pairs = i32x4.max_s(v128.load(at), v128.load(at + step));
  const largest = i32x4.max_s(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2));
  return columns > 2 ? largest : v128.shuffle<i32>(largest, largest, 0, 1, 0, 1);
}
