// Steps of optimizers, in place: every value of a parameter and of its state is read and written once, those of all parameters in
// one job. They round as the operations that `training` composes elsewhere do, one by one. A chunk is a stretch of one parameter;
// a block of the memory is whole cache lines, so that the last vector may reach past the last value.

import { arg, ptr, real } from './memory-map';

// Arguments: 0 the table, 1 its entries, 2 values of a chunk; from 3 on those of a rule. An entry of the table, of four bytes each:
// the variable, its first and second slot or 0, the gradient, values, the first chunk, the learning rate, the weight decay that
// is added to the gradient, the factor of the weights.

/** Bytes of an entry. */
const ENTRY: usize = 36;

/** The entry that a chunk is of: the last one whose first chunk is not above it. */
function entryOf(chunk: i32): usize {
  let low = 0;
  let high = arg(1) - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (load<i32>(ptr(0) + <usize>middle * ENTRY, 20) <= chunk) low = middle;
    else high = middle - 1;
  }
  return ptr(0) + <usize>low * ENTRY;
}

/** Bytes from the start of an entry's tensors to that of a chunk. */
// @ts-ignore: decorator
@inline
function start(entry: usize, chunk: i32): usize {
  return <usize>((chunk - load<i32>(entry, 20)) * arg(2)) << 2;
}

/** Bytes to the end of a chunk. */
// @ts-ignore: decorator
@inline
function end(entry: usize, chunk: i32): usize {
  return <usize>min(load<i32>(entry, 16), (chunk - load<i32>(entry, 20) + 1) * arg(2)) << 2;
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

/** The gradient with the weight decay added where there is one: 0 times infinity is not a number. */
// @ts-ignore: decorator
@inline
function decayed(entry: usize, w: v128, gradient: v128): v128 {
  const decay = load<f32>(entry, 28);
  return decay == 0 ? gradient : scaledSum(w, f32x4.splat(decay), gradient);
}

/** Arguments from 3 on: momentum, and whether it is Nesterov's. */
export function sgdStep(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const variable = <usize>load<u32>(entry);
  const momentums = <usize>load<u32>(entry, 4);
  const gradient = <usize>load<u32>(entry, 12);
  const rate = v128.load32_splat(entry, 24);
  const keep = v128.load32_splat(entry, 32);
  const momentum = splat(3);
  const nesterov = arg(4);
  const last = end(entry, chunk);
  for (let at = start(entry, chunk); at < last; at += 16) {
    const w = v128.load(variable + at);
    let g = decayed(entry, w, v128.load(gradient + at));
    if (momentums) {
      const m = scaledSum(v128.load(momentums + at), momentum, g);
      v128.store(momentums + at, m);
      g = nesterov ? scaledSum(m, momentum, g) : m;
    }
    v128.store(variable + at, f32x4.sub(f32x4.mul(w, keep), f32x4.mul(g, rate)));
  }
}

/** Adam's mean / (root + epsilon), both corrected; arguments 7 to 9 are the corrections of mean and root, and epsilon. */
// @ts-ignore: decorator
@inline
function adamDirection(mean: v128, meanSquare: v128, meanScale: v128, rootScale: v128, epsilon: v128): v128 {
  return f32x4.div(f32x4.mul(mean, meanScale), scaledSum(f32x4.sqrt(meanSquare), rootScale, epsilon));
}

/** Arguments from 3 on: beta1, 1 - beta1, beta2, 1 - beta2, the corrections of mean and root, epsilon. */
export function adamStep(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const variable = <usize>load<u32>(entry);
  const means = <usize>load<u32>(entry, 4);
  const meanSquares = <usize>load<u32>(entry, 8);
  const gradient = <usize>load<u32>(entry, 12);
  const rate = v128.load32_splat(entry, 24);
  const keep = v128.load32_splat(entry, 32);
  const beta1 = splat(3);
  const rest1 = splat(4);
  const beta2 = splat(5);
  const rest2 = splat(6);
  const meanScale = splat(7);
  const rootScale = splat(8);
  const epsilon = splat(9);
  const last = end(entry, chunk);
  for (let at = start(entry, chunk); at < last; at += 16) {
    const w = v128.load(variable + at);
    const g = decayed(entry, w, v128.load(gradient + at));
    const mean = scaledSum(v128.load(means + at), beta1, f32x4.mul(g, rest1));
    const square = f32x4.mul(f32x4.mul(g, g), rest2);
    const meanSquare = scaledSum(v128.load(meanSquares + at), beta2, square);
    v128.store(means + at, mean);
    v128.store(meanSquares + at, meanSquare);
    const change = f32x4.mul(adamDirection(mean, meanSquare, meanScale, rootScale, epsilon), rate);
    v128.store(variable + at, f32x4.sub(f32x4.mul(w, keep), change));
  }
}

/** The sum of a vector's squares, in double precision. */
// @ts-ignore: decorator
@inline
function squares(sum: v128, x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return f64x2.add(f64x2.add(sum, f64x2.mul(low, low)), f64x2.mul(high, high));
}

// @ts-ignore: decorator
@inline
function total(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** A vector of which only the first `bytes` count; the others become zero. */
// @ts-ignore: decorator
@inline
function firstOf(x: v128, bytes: usize): v128 {
  if (bytes >= 16) return x;
  return v128.and(x, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32>(bytes >> 2))));
}

/**
 * The change that LAMB makes at a rate of 1: Adam's direction and the decay. Arguments as of Adam; 10 the sums of squares of the
 * weights and of the change, two doubles a chunk.
 */
// @ts-ignore: decorator
@inline
function lambChange(entry: usize, w: v128, mean: v128, meanSquare: v128): v128 {
  return decayed(entry, w, adamDirection(mean, meanSquare, splat(7), splat(8), splat(9)));
}

/** LAMB's first job: moves the slots, and sums the squares. */
export function lambMoments(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const variable = <usize>load<u32>(entry);
  const means = <usize>load<u32>(entry, 4);
  const meanSquares = <usize>load<u32>(entry, 8);
  const gradient = <usize>load<u32>(entry, 12);
  const last = end(entry, chunk);
  let weights = f64x2.splat(0);
  let changes = weights;
  for (let at = start(entry, chunk); at < last; at += 16) {
    const w = firstOf(v128.load(variable + at), last - at);
    const g = firstOf(v128.load(gradient + at), last - at);
    const mean = scaledSum(v128.load(means + at), splat(3), f32x4.mul(g, splat(4)));
    const meanSquare = scaledSum(v128.load(meanSquares + at), splat(5), f32x4.mul(f32x4.mul(g, g), splat(6)));
    v128.store(means + at, mean);
    v128.store(meanSquares + at, meanSquare);
    weights = squares(weights, w);
    changes = squares(changes, firstOf(lambChange(entry, w, mean, meanSquare), last - at));
  }
  const sums = ptr(10) + (<usize>chunk << 4);
  store<f64>(sums, total(weights));
  store<f64>(sums, total(changes), 8);
}

/** LAMB's second job, after the table has the rates that the norms give: moves the weights. */
export function lambStep(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const variable = <usize>load<u32>(entry);
  const means = <usize>load<u32>(entry, 4);
  const meanSquares = <usize>load<u32>(entry, 8);
  const rate = v128.load32_splat(entry, 24);
  const last = end(entry, chunk);
  for (let at = start(entry, chunk); at < last; at += 16) {
    const w = v128.load(variable + at);
    const change = lambChange(entry, w, v128.load(means + at), v128.load(meanSquares + at));
    v128.store(variable + at, f32x4.sub(w, f32x4.mul(change, rate)));
  }
}

/** Arguments from 3 on: rho, 1 - rho, momentum, epsilon. */
export function rmsPropStep(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const variable = <usize>load<u32>(entry);
  const meanSquares = <usize>load<u32>(entry, 4);
  const momentums = <usize>load<u32>(entry, 8);
  const gradient = <usize>load<u32>(entry, 12);
  const rate = v128.load32_splat(entry, 24);
  const keep = v128.load32_splat(entry, 32);
  const rho = splat(3);
  const rest = splat(4);
  const momentum = splat(5);
  const epsilon = splat(6);
  const one = f32x4.splat(1);
  const last = end(entry, chunk);
  for (let at = start(entry, chunk); at < last; at += 16) {
    const w = v128.load(variable + at);
    const g = decayed(entry, w, v128.load(gradient + at));
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

/** Moves an average towards a variable, which stands for the gradient, by a share of the way, which stands for the rate. */
export function averageStep(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const average = <usize>load<u32>(entry);
  const variable = <usize>load<u32>(entry, 12);
  const share = v128.load32_splat(entry, 24);
  const last = end(entry, chunk);
  for (let at = start(entry, chunk); at < last; at += 16) {
    const a = v128.load(average + at);
    v128.store(average + at, scaledSum(f32x4.sub(v128.load(variable + at), a), share, a));
  }
}

/** The sum of the squares of the gradient of each chunk, a double, from argument 3 on. */
export function sumSquares(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const from = <usize>load<u32>(entry, 12);
  const last = end(entry, chunk);
  let sum = f64x2.splat(0);
  for (let at = start(entry, chunk); at < last; at += 16) {
    sum = squares(sum, firstOf(v128.load(from + at), last - at));
  }
  store<f64>(ptr(3) + (<usize>chunk << 3), total(sum));
}

/** Writes the gradient times the rate, plus the first slot where there is one, to the variable. */
export function scaledSums(chunk: i32, _thread: i32): void {
  const entry = entryOf(chunk);
  const to = <usize>load<u32>(entry);
  const sums = <usize>load<u32>(entry, 4);
  const from = <usize>load<u32>(entry, 12);
  const factor = v128.load32_splat(entry, 24);
  const last = end(entry, chunk);
  for (let at = start(entry, chunk); at < last; at += 16) {
    const scaled = f32x4.mul(v128.load(from + at), factor);
    v128.store(to + at, sums ? f32x4.add(v128.load(sums + at), scaled) : scaled);
  }
}
