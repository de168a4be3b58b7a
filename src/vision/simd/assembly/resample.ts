// Resampling of pictures of three bytes a pixel, by weights of 22 bits after the point, in integers.
//
// SIMD multiplies 16 bits fastest. A weight w is therefore two numbers of 16 bits, w = high * 2^15 + low with 0 <= low < 2^15.
// Their sums of products are kept apart until the end. They may overflow; the result is right all the same, since 32-bit
// integers wrap around and the whole sum fits.

const HALF: i32 = 1 << 21;

/** (high * 2^15 + low) / 2^22, rounded, in four lanes. */
// @ts-ignore: decorator
@inline
function scaled(high: v128, low: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(high, 15), low), 22);
}

/**
 * Resizes rows. `table` holds for each column of the output: from which byte of a row its window starts, the number of its
 * groups of four pixels, and for each group the weights: high parts of pixels 0 and 1, low parts of these, the same of pixels 2 and 3.
 * Reads up to 16 bytes and writes up to one byte beyond the end.
 */
export function across(rows: usize, stride: usize, count: i32, table: usize, columns: i32, out: usize): void {
  const zero = i32x4.splat(0);
  const half = i32x4.splat(HALF);
  for (let y = 0; y < count; y++) {
    const row = rows + <usize>y * stride;
    let at = table;
    for (let x = 0; x < columns; x++) {
      let from = row + <usize>load<u32>(at);
      const end = at + 8 + (<usize>load<u32>(at, 4) << 4);
      let high = zero;
      let low = half;
      for (at += 8; at < end; at += 16) {
        const pixels = v128.load(from);
        const first = i8x16.shuffle(pixels, zero, 0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16);
        const second = i8x16.shuffle(pixels, zero, 6, 16, 9, 16, 7, 16, 10, 16, 8, 16, 11, 16, 16, 16, 16, 16);
        high = i32x4.add(high, i32x4.dot_i16x8_s(first, v128.load32_splat(at)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(first, v128.load32_splat(at, 4)));
        high = i32x4.add(high, i32x4.dot_i16x8_s(second, v128.load32_splat(at, 8)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(second, v128.load32_splat(at, 12)));
        from += 12;
      }
      const words = i16x8.narrow_i32x4_s(scaled(high, low), zero);
      v128.store_lane<u32>(out, i8x16.narrow_i16x8_u(words, words), 0);
      out += 3;
    }
  }
}

/**
 * Makes one row of `length` bytes of `taps` rows. `weights` holds for each two rows the high parts of their weights and the low
 * parts. Reads and writes up to 15 bytes beyond the end.
 */
export function down(rows: usize, stride: usize, length: usize, weights: usize, taps: i32, out: usize): void {
  const half = i32x4.splat(HALF);
  for (let i: usize = 0; i < length; i += 16) {
    let high0 = i32x4.splat(0);
    let high1 = high0;
    let high2 = high0;
    let high3 = high0;
    let low0 = half;
    let low1 = half;
    let low2 = half;
    let low3 = half;
    let from = rows + i;
    let at = weights;
    for (let k = 0; k < taps; k += 2) {
      const a = v128.load(from);
      // The last of an odd number has a weight of 0 next to it.
      const b = k + 1 < taps ? v128.load(from + stride) : a;
      const left = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const right = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const highs = v128.load32_splat(at);
      const lows = v128.load32_splat(at, 4);
      const p0 = i16x8.extend_low_i8x16_u(left);
      const p1 = i16x8.extend_high_i8x16_u(left);
      const p2 = i16x8.extend_low_i8x16_u(right);
      const p3 = i16x8.extend_high_i8x16_u(right);
      high0 = i32x4.add(high0, i32x4.dot_i16x8_s(p0, highs));
      high1 = i32x4.add(high1, i32x4.dot_i16x8_s(p1, highs));
      high2 = i32x4.add(high2, i32x4.dot_i16x8_s(p2, highs));
      high3 = i32x4.add(high3, i32x4.dot_i16x8_s(p3, highs));
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p0, lows));
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(p1, lows));
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(p2, lows));
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(p3, lows));
      from += stride << 1;
      at += 8;
    }
    const left = i16x8.narrow_i32x4_s(scaled(high0, low0), scaled(high1, low1));
    const right = i16x8.narrow_i32x4_s(scaled(high2, low2), scaled(high3, low3));
    v128.store(out + i, i8x16.narrow_i16x8_u(left, right));
  }
}
