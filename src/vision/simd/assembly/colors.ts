/** Makes floats from 0 to 1 of bytes. Reads up to 3 and writes up to 12 bytes beyond the end. */
export function toUnits(bytes: usize, length: usize, out: usize): void {
  const white = f32x4.splat(255);
  for (let i: usize = 0; i < length; i += 4) {
    const words = i16x8.extend_low_i8x16_u(v128.load32_zero(bytes + i));
    const values = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(words));
    v128.store(out + (i << 2), f32x4.div(values, white));
  }
}

/**
 * Makes bytes of `length` floats from 0 to 1, rounded to the nearest, halves up; what is below or above is cut.
 * Reads up to 60 and writes up to 15 bytes beyond the end.
 */
export function toBytes(values: usize, length: usize, out: usize): void {
  for (let i: usize = 0; i < length; i += 16) {
    const from = values + (i << 2);
    const low = i16x8.narrow_i32x4_s(levels(from), levels(from + 16));
    const high = i16x8.narrow_i32x4_s(levels(from + 32), levels(from + 48));
    v128.store(out + i, i8x16.narrow_i16x8_u(low, high));
  }
}

/** Four levels from 0 to 255, not cut yet. */
// @ts-ignore: decorator
@inline
function levels(values: usize): v128 {
  const four = v128.load(values);
  return v128.shuffle<i64>(twoLevels(four), twoLevels(v128.shuffle<i64>(four, four, 1, 1)), 0, 2);
}

/** Of the first two values, in 64 bits, whose product with 255 is exact. */
// @ts-ignore: decorator
@inline
function twoLevels(values: v128): v128 {
  const levels = f64x2.mul(f64x2.promote_low_f32x4(values), f64x2.splat(255));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(levels, f64x2.splat(0.5)));
}
