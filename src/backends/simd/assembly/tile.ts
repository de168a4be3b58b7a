// The micro-kernel of every convolution and matrix product.

/** a * b + c, rounded once where the engine has relaxed SIMD on a processor with FMA. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** min(max(x, low), high); not-a-number stays. */
// @ts-ignore: decorator
@inline
export function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/**
 * Bytes of a packed matrix that stay in the second cache while rows go by. They come from memory, which is fast only where
 * it is read in long stretches: so much is read for the first four rows, before the next four use it.
 */
export const STREAM: usize = 131072;

/**
 * A tile of 4 rows by 8 columns of a product: out[r][0…8] = sum over i, k of a[i][r][k] * b[i][k][0…8], and what follows it.
 *
 * `rows` points to 4 addresses of output rows and then 4 of residual rows; `inputs` to 4 addresses of input rows for
 * each of `taps` stretches of `run` floats; `b` to taps * run * 8 floats. `column` and `inputOffset` in bytes are
 * added to the addresses. The sum starts at 8 floats at `start`, or where that is 0, at what is stored in the output.
 *
 * Eight accumulators, two columns and four splats fit the 16 vector registers of x86.
 */
export function tile(
  rows: usize, inputs: usize, taps: i32, inputOffset: usize, run: i32, b: usize, column: usize, start: usize,
  residual: bool, low: f32, high: f32,
): void {
  tileOf<Whole>(rows, inputs, taps, inputOffset, 0, run, b, column, start, residual, low, high);
}

/** The same where columns 4…8 are of another group, whose input is `apart` bytes behind that of columns 0…4. */
export function pairTile(
  rows: usize, inputs: usize, taps: i32, inputOffset: usize, apart: usize, run: i32, b: usize, column: usize,
  start: usize, residual: bool, low: f32, high: f32,
): void {
  tileOf<Pair>(rows, inputs, taps, inputOffset, apart, run, b, column, start, residual, low, high);
}

/** All columns of a tile read the same input. */
export type Whole = i32;
/** The two halves of a tile's columns read inputs of two groups. */
export type Pair = f32;

/** What the second half of the columns is multiplied by, where the first half is by `x`, from address `a`. */
// @ts-ignore: decorator
@inline
export function second<Kind>(x: v128, a: usize, apart: usize): v128 {
  return isFloat<Kind>() ? v128.load32_splat(a + apart) : x;
}

// @ts-ignore: decorator
@inline
function tileOf<Kind>(
  rows: usize, inputs: usize, taps: i32, inputOffset: usize, apart: usize, run: i32, b: usize, column: usize,
  start: usize, residual: bool, low: f32, high: f32,
): void {
  const out0 = <usize>load<u32>(rows) + column;
  const out1 = <usize>load<u32>(rows, 4) + column;
  const out2 = <usize>load<u32>(rows, 8) + column;
  const out3 = <usize>load<u32>(rows, 12) + column;
  let from = start ? start : out0;
  let c00 = v128.load(from);
  let c01 = v128.load(from, 16);
  from = start ? start : out1;
  let c10 = v128.load(from);
  let c11 = v128.load(from, 16);
  from = start ? start : out2;
  let c20 = v128.load(from);
  let c21 = v128.load(from, 16);
  from = start ? start : out3;
  let c30 = v128.load(from);
  let c31 = v128.load(from, 16);
  for (let tap = 0; tap < taps; tap++) {
    let a0 = <usize>load<u32>(inputs) + inputOffset;
    let a1 = <usize>load<u32>(inputs, 4) + inputOffset;
    let a2 = <usize>load<u32>(inputs, 8) + inputOffset;
    let a3 = <usize>load<u32>(inputs, 12) + inputOffset;
    inputs += 16;
    const end = b + (<usize>run << 5);
    do {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let x = v128.load32_splat(a0);
      c00 = fma(x, b0, c00);
      c01 = fma(second<Kind>(x, a0, apart), b1, c01);
      x = v128.load32_splat(a1);
      c10 = fma(x, b0, c10);
      c11 = fma(second<Kind>(x, a1, apart), b1, c11);
      x = v128.load32_splat(a2);
      c20 = fma(x, b0, c20);
      c21 = fma(second<Kind>(x, a2, apart), b1, c21);
      x = v128.load32_splat(a3);
      c30 = fma(x, b0, c30);
      c31 = fma(second<Kind>(x, a3, apart), b1, c31);
      b += 32;
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
    } while (b < end);
  }
  const least = f32x4.splat(low);
  const most = f32x4.splat(high);
  finish(out0, c00, c01, residual ? <usize>load<u32>(rows, 16) + column : 0, least, most);
  finish(out1, c10, c11, residual ? <usize>load<u32>(rows, 20) + column : 0, least, most);
  finish(out2, c20, c21, residual ? <usize>load<u32>(rows, 24) + column : 0, least, most);
  finish(out3, c30, c31, residual ? <usize>load<u32>(rows, 28) + column : 0, least, most);
}

/** Stores eight sums, with what is at `residual` added, unless that is 0, and clamped. */
// @ts-ignore: decorator
@inline
function finish(to: usize, left: v128, right: v128, residual: usize, least: v128, most: v128): void {
  if (residual) {
    left = f32x4.add(left, v128.load(residual));
    right = f32x4.add(right, v128.load(residual, 16));
  }
  v128.store(to, clamp(left, least, most));
  v128.store(to, clamp(right, least, most), 16);
}
