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

/** The tile adds to what is stored in the output, rather than to zero. */
export const ADD: i32 = 1;
/** The tile is complete: residual and clamping follow the sum. */
export const FINISH: i32 = 2;

/**
 * Bytes of a packed matrix that stay in the second cache while rows go by. They come from memory, which is fast only where
 * it is read in long stretches: so much is read for the first four rows, before the next four use it.
 */
export const STREAM: usize = 131072;

/**
 * A tile of 4 rows by 8 columns of a product: out[r][0…8] = sum over i, k of a[i][r][k] * b[i][k][0…8].
 *
 * `rows` points to 4 addresses of output rows and then 4 of residual rows; `inputs` to 4 addresses of input rows for
 * each of `taps` stretches of `run` floats; `b` to taps * run * 8 floats. `column` and `inputOffset` in bytes are
 * added to the addresses. `bias` and `residual` may be 0.
 *
 * Eight accumulators, two columns and four splats fit the 16 vector registers of x86. The early exits between the
 * four unrolled steps serve the remainder of `run`; and they keep V8, which schedules within basic blocks, from
 * mixing the steps and so spilling registers.
 */
export function tile(
  rows: usize,
  inputs: usize,
  taps: i32,
  inputOffset: usize,
  run: i32,
  b: usize,
  column: usize,
  bias: usize,
  residual: bool,
  mode: i32,
  low: f32,
  high: f32,
): void {
  let c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128, c30: v128, c31: v128;
  const out0 = <usize>load<u32>(rows) + column;
  const out1 = <usize>load<u32>(rows, 4) + column;
  const out2 = <usize>load<u32>(rows, 8) + column;
  const out3 = <usize>load<u32>(rows, 12) + column;
  if (mode & ADD) {
    c00 = v128.load(out0);
    c01 = v128.load(out0, 16);
    c10 = v128.load(out1);
    c11 = v128.load(out1, 16);
    c20 = v128.load(out2);
    c21 = v128.load(out2, 16);
    c30 = v128.load(out3);
    c31 = v128.load(out3, 16);
  } else if (bias != 0) {
    c00 = v128.load(bias);
    c01 = v128.load(bias, 16);
    c10 = c00;
    c11 = c01;
    c20 = c00;
    c21 = c01;
    c30 = c00;
    c31 = c01;
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
  for (let tap = 0; tap < taps; tap++) {
    let a0 = <usize>load<u32>(inputs) + inputOffset;
    let a1 = <usize>load<u32>(inputs, 4) + inputOffset;
    let a2 = <usize>load<u32>(inputs, 8) + inputOffset;
    let a3 = <usize>load<u32>(inputs, 12) + inputOffset;
    inputs += 16;
    let k = run;
    while (true) {
      b0 = v128.load(b);
      b1 = v128.load(b, 16);
      x = v128.load32_splat(a0);
      c00 = fma(x, b0, c00);
      c01 = fma(x, b1, c01);
      x = v128.load32_splat(a1);
      c10 = fma(x, b0, c10);
      c11 = fma(x, b1, c11);
      x = v128.load32_splat(a2);
      c20 = fma(x, b0, c20);
      c21 = fma(x, b1, c21);
      x = v128.load32_splat(a3);
      c30 = fma(x, b0, c30);
      c31 = fma(x, b1, c31);
      if (k == 1) {
        b += 32;
        break;
      }
      b0 = v128.load(b, 32);
      b1 = v128.load(b, 48);
      x = v128.load32_splat(a0, 4);
      c00 = fma(x, b0, c00);
      c01 = fma(x, b1, c01);
      x = v128.load32_splat(a1, 4);
      c10 = fma(x, b0, c10);
      c11 = fma(x, b1, c11);
      x = v128.load32_splat(a2, 4);
      c20 = fma(x, b0, c20);
      c21 = fma(x, b1, c21);
      x = v128.load32_splat(a3, 4);
      c30 = fma(x, b0, c30);
      c31 = fma(x, b1, c31);
      if (k == 2) {
        b += 64;
        break;
      }
      b0 = v128.load(b, 64);
      b1 = v128.load(b, 80);
      x = v128.load32_splat(a0, 8);
      c00 = fma(x, b0, c00);
      c01 = fma(x, b1, c01);
      x = v128.load32_splat(a1, 8);
      c10 = fma(x, b0, c10);
      c11 = fma(x, b1, c11);
      x = v128.load32_splat(a2, 8);
      c20 = fma(x, b0, c20);
      c21 = fma(x, b1, c21);
      x = v128.load32_splat(a3, 8);
      c30 = fma(x, b0, c30);
      c31 = fma(x, b1, c31);
      if (k == 3) {
        b += 96;
        break;
      }
      b0 = v128.load(b, 96);
      b1 = v128.load(b, 112);
      x = v128.load32_splat(a0, 12);
      c00 = fma(x, b0, c00);
      c01 = fma(x, b1, c01);
      x = v128.load32_splat(a1, 12);
      c10 = fma(x, b0, c10);
      c11 = fma(x, b1, c11);
      x = v128.load32_splat(a2, 12);
      c20 = fma(x, b0, c20);
      c21 = fma(x, b1, c21);
      x = v128.load32_splat(a3, 12);
      c30 = fma(x, b0, c30);
      c31 = fma(x, b1, c31);
      b += 128;
      k -= 4;
      if (k == 0) break;
      a0 += 16;
      a1 += 16;
      a2 += 16;
      a3 += 16;
    }
  }
  if (mode & FINISH) {
    if (residual) {
      const res0 = <usize>load<u32>(rows, 16) + column;
      const res1 = <usize>load<u32>(rows, 20) + column;
      const res2 = <usize>load<u32>(rows, 24) + column;
      const res3 = <usize>load<u32>(rows, 28) + column;
      c00 = f32x4.add(c00, v128.load(res0));
      c01 = f32x4.add(c01, v128.load(res0, 16));
      c10 = f32x4.add(c10, v128.load(res1));
      c11 = f32x4.add(c11, v128.load(res1, 16));
      c20 = f32x4.add(c20, v128.load(res2));
      c21 = f32x4.add(c21, v128.load(res2, 16));
      c30 = f32x4.add(c30, v128.load(res3));
      c31 = f32x4.add(c31, v128.load(res3, 16));
    }
    const least = f32x4.splat(low);
    const most = f32x4.splat(high);
    c00 = clamp(c00, least, most);
    c01 = clamp(c01, least, most);
    c10 = clamp(c10, least, most);
    c11 = clamp(c11, least, most);
    c20 = clamp(c20, least, most);
    c21 = clamp(c21, least, most);
    c30 = clamp(c30, least, most);
    c31 = clamp(c31, least, most);
  }
  v128.store(out0, c00);
  v128.store(out0, c01, 16);
  v128.store(out1, c10);
  v128.store(out1, c11, 16);
  v128.store(out2, c20);
  v128.store(out2, c21, 16);
  v128.store(out3, c30);
  v128.store(out3, c31, 16);
}
