// Activations of stretches of floats, and the vectorised exponential under them.

import { fma } from './tile';

export const SIGMOID: i32 = 1;
export const SWISH: i32 = 2;

/** exp(x - n ln 2), within 2 units in the last place where n is the whole number nearest to x / ln 2: Cephes' expf. */
// @ts-ignore: decorator
@inline
function expOfRest4(n: v128, x: v128): v128 {
  let r = fma(n, f32x4.splat(-0.693359375), x);
  r = fma(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = fma(p, r, f32x4.splat(1.3981999507e-3));
  p = fma(p, r, f32x4.splat(8.3334519073e-3));
  p = fma(p, r, f32x4.splat(4.1665795894e-2));
  p = fma(p, r, f32x4.splat(1.6666665459e-1));
  p = fma(p, r, f32x4.splat(5.0000001201e-1));
  p = fma(p, f32x4.mul(r, r), r);
  return f32x4.add(p, f32x4.splat(1));
}

/**
 * exp(x) for four floats: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial for exp(r), and n added to the exponent in
 * two halves, so that results below the normal floats come out right.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  // Beyond these exp is infinite or zero; not-a-number stays.
  const t = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-104)), f32x4.splat(89));
  const n = f32x4.nearest(f32x4.mul(t, f32x4.splat(1.44269504088896341)));
  let p = expOfRest4(n, t);
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  const rest = i32x4.sub(whole, half);
  const one = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, one), 23));
  return f32x4.mul(p, i32x4.shl(i32x4.add(rest, one), 23));
}

/** 1 / (1 + exp(-x)). */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** exp(-x) of x limited to where it is a normal float. */
// @ts-ignore: decorator
@inline
function expOfNegative4(x: v128): v128 {
  const t = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87)), f32x4.splat(87));
  // 1.5 * 2^23 added rounds to a whole number, which then stands in the last bits.
  const shifted = fma(t, f32x4.splat(-1.44269504088896341), f32x4.splat(12582912));
  const n = f32x4.sub(shifted, f32x4.splat(12582912));
  const p = expOfRest4(n, f32x4.neg(t));
  // Added to the exponent's bits; of the shift itself nothing is left there.
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/** 1 / (1 + exp(-x)) with a faster exponential, and 0 where it is below the normal floats. */
// @ts-ignore: decorator
@inline
function fastSigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  const y = f32x4.div(one, f32x4.add(one, expOfNegative4(x)));
  return v128.andnot(y, f32x4.lt(x, f32x4.splat(-87)));
}

/** x / (1 + exp(-x)), the activation of every EfficientNet layer. Of -infinity it is not a number, as in PyTorch. */
// @ts-ignore: decorator
@inline
export function swish4(x: v128): v128 {
  const y = f32x4.div(x, f32x4.add(f32x4.splat(1), expOfNegative4(x)));
  // Below the limit it is less than 1e-35 from zero.
  return v128.bitselect(f32x4.mul(x, f32x4.splat(0)), y, f32x4.lt(x, f32x4.splat(-87)));
}

/** The slope of swish, s (1 + x (1 - s)) with s = 1 / (1 + exp(-x)); of an infinity it is not a number, as in PyTorch. */
// @ts-ignore: decorator
@inline
export function swishSlope4(x: v128): v128 {
  const one = f32x4.splat(1);
  const s = fastSigmoid4(x);
  return f32x4.mul(s, fma(x, f32x4.sub(one, s), one));
}

/** Four or fewer floats from memory, the missing ones zero. */
export function loadPart(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from);
  let x = v128.load32_zero(from);
  if (count > 1) x = f32x4.replace_lane(x, 1, load<f32>(from, 4));
  if (count > 2) x = f32x4.replace_lane(x, 2, load<f32>(from, 8));
  return x;
}

/** The first `count` of four floats to memory. */
export function storePart(to: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, x);
    return;
  }
  store<f32>(to, f32x4.extract_lane(x, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(x, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(x, 2), 8);
}

/** The activation of `count` floats. */
export function activate(activation: i32, from: usize, to: usize, count: i32): void {
  if (activation == SWISH) {
    for (; count >= 4; count -= 4) {
      v128.store(to, swish4(v128.load(from)));
      from += 16;
      to += 16;
    }
    if (count > 0) storePart(to, swish4(loadPart(from, count)), count);
    return;
  }
  for (; count >= 4; count -= 4) {
    v128.store(to, sigmoid4(v128.load(from)));
    from += 16;
    to += 16;
  }
  if (count > 0) storePart(to, sigmoid4(loadPart(from, count)), count);
}
