// Steps of optimizers, in place: every value of a parameter and of its state is read and written once. They round as the
// operations that `training` composes elsewhere do, one by one. A chunk is a stretch of vectors; a block of the memory is
// whole cache lines, so that the last vector may reach past the last value.

import { arg, ptr, real } from './memory-map';

// Arguments: 0 the variable, 1 and 2 its state or 0, 3 the gradient, 4 values, 5 values of a chunk; 6 the learning rate,
// 7 the weight decay that is added to the gradient, 8 the factor of the weights; from 9 on those of a rule.

/** Bytes from the start of the tensors to that of a chunk. */
// @ts-ignore: decorator
@inline
function start(chunk: i32): usize {
  return <usize>(chunk * arg(5)) << 2;
}

/** Bytes to the end of a chunk. */
// @ts-ignore: decorator
@inline
function end(chunk: i32): usize {
  return <usize>min(arg(4), (chunk + 1) * arg(5)) << 2;
}

// @ts-ignore: decorator
@inline
function splat(i: i32): v128 {
  return f32x4.splat(real(i));
}

/** a * factor + b, rounded twice. */
// @ts-ignore: decorator
@inline
function scaledSum(a: v128, factor: v128, b: v128): v128 {
  return f32x4.add(f32x4.mul(a, factor), b);
}

/** The gradient of a chunk's vector, the weight decay added where there is one: 0 times infinity is not a number. */
// @ts-ignore: decorator
@inline
function decayed(w: v128, gradient: v128): v128 {
  return real(7) == 0 ? gradient : scaledSum(w, splat(7), gradient);
}

/** Arguments from 9 on: momentum, and whether it is Nesterov's. */
export function sgdStep(chunk: i32, _thread: i32): void {
  const variable = ptr(0);
  const momentums = ptr(1);
  const gradient = ptr(3);
  const rate = splat(6);
  const keep = splat(8);
  const momentum = splat(9);
  const nesterov = arg(10);
  const last = end(chunk);
  for (let at = start(chunk); at < last; at += 16) {
    const w = v128.load(variable + at);
    let g = decayed(w, v128.load(gradient + at));
    if (momentums) {
      const m = scaledSum(v128.load(momentums + at), momentum, g);
      v128.store(momentums + at, m);
      g = nesterov ? scaledSum(m, momentum, g) : m;
    }
    v128.store(variable + at, f32x4.sub(f32x4.mul(w, keep), f32x4.mul(g, rate)));
  }
}

/** Arguments from 9 on: beta1, 1 - beta1, beta2, 1 - beta2, the corrections of mean and root, epsilon. */
export function adamStep(chunk: i32, _thread: i32): void {
  const variable = ptr(0);
  const means = ptr(1);
  const meanSquares = ptr(2);
  const gradient = ptr(3);
  const rate = splat(6);
  const keep = splat(8);
  const beta1 = splat(9);
  const rest1 = splat(10);
  const beta2 = splat(11);
  const rest2 = splat(12);
  const meanScale = splat(13);
  const rootScale = splat(14);
  const epsilon = splat(15);
  const last = end(chunk);
  for (let at = start(chunk); at < last; at += 16) {
    const w = v128.load(variable + at);
    const g = decayed(w, v128.load(gradient + at));
    const mean = scaledSum(v128.load(means + at), beta1, f32x4.mul(g, rest1));
    const square = f32x4.mul(f32x4.mul(g, g), rest2);
    const meanSquare = scaledSum(v128.load(meanSquares + at), beta2, square);
    v128.store(means + at, mean);
    v128.store(meanSquares + at, meanSquare);
    const root = scaledSum(f32x4.sqrt(meanSquare), rootScale, epsilon);
    const change = f32x4.mul(f32x4.div(f32x4.mul(mean, meanScale), root), rate);
    v128.store(variable + at, f32x4.sub(f32x4.mul(w, keep), change));
  }
}

/** Arguments from 9 on: rho, 1 - rho, momentum, epsilon. */
export function rmsPropStep(chunk: i32, _thread: i32): void {
  const variable = ptr(0);
  const meanSquares = ptr(1);
  const momentums = ptr(2);
  const gradient = ptr(3);
  const rate = splat(6);
  const keep = splat(8);
  const rho = splat(9);
  const rest = splat(10);
  const momentum = splat(11);
  const epsilon = splat(12);
  const one = f32x4.splat(1);
  const last = end(chunk);
  for (let at = start(chunk); at < last; at += 16) {
    const w = v128.load(variable + at);
    const g = decayed(w, v128.load(gradient + at));
    const square = f32x4.mul(f32x4.mul(g, g), rest);
    const meanSquare = scaledSum(v128.load(meanSquares + at), rho, square);
    v128.store(meanSquares + at, meanSquare);
    const inverse = f32x4.div(one, f32x4.sqrt(f32x4.add(meanSquare, epsilon)));
    let change = f32x4.mul(f32x4.mul(g, inverse), rate);
    if (momentums) {
      change = scaledSum(v128.load(momentums + at), momentum, change);
      v128.store(momentums + at, change);
    }
    v128.store(variable + at, f32x4.sub(f32x4.mul(w, keep), change));
  }
}

/** Moves an average, argument 0, towards a variable, argument 3, by a share of the way, argument 6. */
export function averageStep(chunk: i32, _thread: i32): void {
  const average = ptr(0);
  const variable = ptr(3);
  const share = splat(6);
  const last = end(chunk);
  for (let at = start(chunk); at < last; at += 16) {
    const a = v128.load(average + at);
    v128.store(average + at, scaledSum(f32x4.sub(v128.load(variable + at), a), share, a));
  }
}
