// Operations value by value, with broadcasting, over stretches of memory.

import * as op from '../operation-ids';
import { exp4, loadPart, sigmoid4, storePart, swish4, swishSlope4 } from './activations';
import { arg, ptr, real } from './memory-map';

// @ts-ignore: decorator
@inline
function binary4(operation: i32, a: v128, b: v128): v128 {
  if (operation == op.ADD) return f32x4.add(a, b);
  if (operation == op.SUBTRACT) return f32x4.sub(a, b);
  if (operation == op.MULTIPLY) return f32x4.mul(a, b);
  if (operation == op.DIVIDE) return f32x4.div(a, b);
  if (operation == op.MAXIMUM) return f32x4.max(a, b);
  if (operation == op.MINIMUM) return f32x4.min(a, b);
  if (operation == op.SWISH_GRADIENT) return f32x4.mul(b, swishSlope4(a));
  if (operation == op.ADD_RELU) return f32x4.max(f32x4.add(a, b), f32x4.splat(0));
  if (operation == op.RELU_GRADIENT) return v128.andnot(b, f32x4.le(a, f32x4.splat(0)));
  const difference = f32x4.sub(a, b);
  return f32x4.mul(difference, difference);
}

/** A stretch; a step of 0 repeats one value. */
// @ts-ignore: decorator
@inline
function binaryStretch(operation: i32, a: usize, aStep: i32, b: usize, bStep: i32, to: usize, count: i32): void {
  if (aStep != 0 && bStep != 0) {
    for (; count >= 4; count -= 4) {
      v128.store(to, binary4(operation, v128.load(a), v128.load(b)));
      a += 16;
      b += 16;
      to += 16;
    }
    if (count > 0) storePart(to, binary4(operation, loadPart(a, count), loadPart(b, count)), count);
    return;
  }
  if (aStep != 0) {
    const right = v128.load32_splat(b);
    for (; count >= 4; count -= 4) {
      v128.store(to, binary4(operation, v128.load(a), right));
      a += 16;
      to += 16;
    }
    if (count > 0) storePart(to, binary4(operation, loadPart(a, count), right), count);
    return;
  }
  const left = v128.load32_splat(a);
  for (; count > 0; count -= 4) {
    const right = bStep ? loadPart(b, count) : v128.load32_splat(b);
    storePart(to, binary4(operation, left, right), count);
    b += <usize>bStep << 4;
    to += 16;
  }
}

function binaryRow(operation: i32, a: usize, aStep: i32, b: usize, bStep: i32, to: usize, count: i32): void {
  switch (operation) {
    case op.ADD:
      return binaryStretch(op.ADD, a, aStep, b, bStep, to, count);
    case op.SUBTRACT:
      return binaryStretch(op.SUBTRACT, a, aStep, b, bStep, to, count);
    case op.MULTIPLY:
      return binaryStretch(op.MULTIPLY, a, aStep, b, bStep, to, count);
    case op.DIVIDE:
      return binaryStretch(op.DIVIDE, a, aStep, b, bStep, to, count);
    case op.MAXIMUM:
      return binaryStretch(op.MAXIMUM, a, aStep, b, bStep, to, count);
    case op.MINIMUM:
      return binaryStretch(op.MINIMUM, a, aStep, b, bStep, to, count);
    case op.SWISH_GRADIENT:
      return binaryStretch(op.SWISH_GRADIENT, a, aStep, b, bStep, to, count);
    case op.RELU_GRADIENT:
      return binaryStretch(op.RELU_GRADIENT, a, aStep, b, bStep, to, count);
    case op.ADD_RELU:
      return binaryStretch(op.ADD_RELU, a, aStep, b, bStep, to, count);
    case op.SQUARED_DIFFERENCE:
      return binaryStretch(op.SQUARED_DIFFERENCE, a, aStep, b, bStep, to, count);
  }
}

/** An operation of two tensors over [dim0, dim1, dim2, inner], where each has a stride, 0 if it is broadcast. */
export function binary(chunk: i32, _thread: i32): void {
  const a = ptr(0);
  const b = ptr(1);
  const to = ptr(2);
  const operation = arg(3);
  const inner = arg(4);
  const aStep = arg(5);
  const bStep = arg(6);
  const dim1 = arg(8);
  const dim2 = arg(9);
  const perChunk = arg(16);
  const rows = arg(7) * dim1 * dim2;
  if (rows == 1) {
    const first = chunk * perChunk;
    const count = min(perChunk, inner - first);
    const offset = <usize>first << 2;
    binaryRow(operation, a + offset * aStep, aStep, b + offset * bStep, bStep, to + offset, count);
    return;
  }
  const end = min(rows, (chunk + 1) * perChunk);
  for (let row = chunk * perChunk; row < end; row++) {
    const i2 = row % dim2;
    const i1 = (row / dim2) % dim1;
    const i0 = row / (dim2 * dim1);
    const aOffset = <usize>(i0 * arg(10) + i1 * arg(11) + i2 * arg(12)) << 2;
    const bOffset = <usize>(i0 * arg(13) + i1 * arg(14) + i2 * arg(15)) << 2;
    binaryRow(operation, a + aOffset, aStep, b + bOffset, bStep, to + (<usize>(row * inner) << 2), inner);
  }
}

// @ts-ignore: decorator
@inline
function unary4(operation: i32, x: v128, p: v128, q: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (operation == op.RELU) return f32x4.max(x, zero);
  if (operation == op.RELU6) return f32x4.min(f32x4.max(x, zero), f32x4.splat(6));
  if (operation == op.CLIP) return f32x4.pmin(f32x4.pmax(x, p), q);
  if (operation == op.SIGMOID) return sigmoid4(x);
  if (operation == op.SWISH) return swish4(x);
  if (operation == op.EXP) return exp4(x);
  if (operation == op.SQRT) return f32x4.sqrt(x);
  if (operation == op.RSQRT) return f32x4.div(one, f32x4.sqrt(x));
  if (operation == op.SQUARE) return f32x4.mul(x, x);
  if (operation == op.NEGATE) return f32x4.neg(x);
  if (operation == op.ABSOLUTE) return f32x4.abs(x);
  if (operation == op.LEAKY_RELU) return v128.bitselect(f32x4.mul(x, p), x, f32x4.lt(x, zero));
  // Step: 1 above zero, p elsewhere; not-a-number stays.
  const step = v128.bitselect(one, p, f32x4.gt(x, zero));
  return v128.bitselect(step, x, f32x4.eq(x, x));
}

// @ts-ignore: decorator
@inline
function unaryStretch(operation: i32, from: usize, to: usize, count: i32): void {
  const p = f32x4.splat(real(5));
  const q = f32x4.splat(real(6));
  for (; count >= 4; count -= 4) {
    v128.store(to, unary4(operation, v128.load(from), p, q));
    from += 16;
    to += 16;
  }
  if (count > 0) storePart(to, unary4(operation, loadPart(from, count), p, q), count);
}

/** An operation of one tensor; arguments 5 and 6 are parameters of it. */
export function unary(chunk: i32, _thread: i32): void {
  const perChunk = arg(4);
  const first = chunk * perChunk;
  const count = min(perChunk, arg(3) - first);
  const from = ptr(0) + (<usize>first << 2);
  const to = ptr(1) + (<usize>first << 2);
  switch (arg(2)) {
    case op.RELU:
      return unaryStretch(op.RELU, from, to, count);
    case op.RELU6:
      return unaryStretch(op.RELU6, from, to, count);
    case op.CLIP:
      return unaryStretch(op.CLIP, from, to, count);
    case op.SIGMOID:
      return unaryStretch(op.SIGMOID, from, to, count);
    case op.SWISH:
      return unaryStretch(op.SWISH, from, to, count);
    case op.EXP:
      return unaryStretch(op.EXP, from, to, count);
    case op.SQRT:
      return unaryStretch(op.SQRT, from, to, count);
    case op.RSQRT:
      return unaryStretch(op.RSQRT, from, to, count);
    case op.SQUARE:
      return unaryStretch(op.SQUARE, from, to, count);
    case op.NEGATE:
      return unaryStretch(op.NEGATE, from, to, count);
    case op.ABSOLUTE:
      return unaryStretch(op.ABSOLUTE, from, to, count);
    case op.LEAKY_RELU:
      return unaryStretch(op.LEAKY_RELU, from, to, count);
    case op.STEP:
      return unaryStretch(op.STEP, from, to, count);
  }
}
