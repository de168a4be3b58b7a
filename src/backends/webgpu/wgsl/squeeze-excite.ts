import { activated, declare, flatMain, inFours, lengthOf, typeOf, type BufferOfFloats } from './buffers.js';

/** How a workgroup sums over the pixels of an image: `across` channels, or fours of them, in `slices`. */
export interface PixelSums {
  /** 4 where channels come in fours, else 1. */
  readonly row: number;
  readonly across: number;
  readonly slices: number;
}

const THREADS = 256;

/** How the pixels of images are summed by workgroups of at most so many threads, and how many of them. */
export function pixelSums(images: number, pixels: number, channels: number, threads: number) {
  const row = inFours(channels) ? 4 : 1;
  const length = channels / row;
  // Large images have many pixels for few channels.
  let across = pixels >= 1024 ? 4 : pixels >= 128 ? 8 : 16;
  while (across > 1 && across / 2 >= length) across /= 2;
  const slices = Math.min(threads / across, 2 ** Math.ceil(Math.log2(pixels)));
  const workgroups: [number, number, number] = [Math.ceil(length / across), images, 1];
  return { sums: { row, across, slices }, workgroups };
}

/** The text of the means over the pixels of each image and channel, of the buffers x and result. */
export function meanSource(sums: PixelSums): string {
  const buffers = [{ name: 'x', row: sums.row }];
  return overPixels(sums, buffers, 'sum += x[i];', 'sum / f32(pixels)');
}

/** The text of the gradients of what the gates' sigmoids get, of the buffers x, dy, gate and result. */
export function gateGradientSource(sums: PixelSums): string {
  const buffers = ['x', 'dy', 'gate'].map((name) => ({ name, row: sums.row }));
  return overPixels(sums, buffers, 'sum = fma(x[i], dy[i], sum);', 'sum * gate[at] * (1.0 - gate[at])');
}

/** A program of sums over the pixels of each image and channel. */
function overPixels(
  { row, across, slices }: PixelSums,
  inputs: readonly BufferOfFloats[],
  add: string,
  result: string,
): string {
  const V = typeOf(row);
  return `${declare([...inputs, { name: 'result', row, writes: true }])}
var<workgroup> sums: array<${V}, ${across * slices}>;
@compute @workgroup_size(${across}, ${slices})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let length = arrayLength(&result) / groups.y;
  let pixels = arrayLength(&x) / arrayLength(&result);
  let c = group.x * ${across}u + thread.x;
  var sum = ${V}();
  if (c < length) {
    for (var p = thread.y; p < pixels; p += ${slices}u) {
      let i = (group.y * pixels + p) * length + c;
      ${add}
    }
  }
  sums[thread.y * ${across}u + thread.x] = sum;
  for (var half = ${slices >> 1}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread.y < half) { sums[thread.y * ${across}u + thread.x] += sums[(thread.y + half) * ${across}u + thread.x]; }
  }
  if (thread.y == 0u && c < length) {
    let at = group.y * length + c;
    let sum = sums[thread.x];
    result[at] = ${result};
  }
}`;
}

/** The sizes of a squeeze-excitation. */
export interface SqueezeSizes {
  readonly pixels: number;
  readonly channels: number;
  readonly squeezed: number;
  readonly activation: string;
}

/** Channels, or fours of them, of a workgroup of {@link exciteSource}. */
const CHANNELS = 16;
/** Values, or fours of them, that each of its threads multiplies, about. */
const VALUES = 16;

const chunksOf = (pixels: number) => Math.ceil((pixels * CHANNELS) / (THREADS * VALUES));

/** Workgroups of {@link exciteSource} and {@link exciteGradientSource}. */
export function exciteWorkgroups(
  images: number,
  { pixels, channels }: SqueezeSizes,
): [number, number, number] {
  return [Math.ceil(lengthOf(channels) / CHANNELS), chunksOf(pixels), images];
}

/** How many parts of a workgroup's threads share the sum of each value of {@link hiddenText}. */
const partsOf = (squeezed: number) => Math.max(1, Math.floor(THREADS / squeezed));

/** What a workgroup of {@link hiddenText} keeps. */
function hiddenVariables({ squeezed }: SqueezeSizes): string {
  return `var<workgroup> partial: array<f32, ${partsOf(squeezed) * squeezed}>;
var<workgroup> hidden: array<f32, ${squeezed}>;`;
}

/**
 * Computes the squeezed values of an image, in every workgroup again: each is `start` and the sum of `term` over the channels `c`, of
 * which `finish` makes `hidden[s]`. After it, `c` is the channel, or the four, of a thread.
 */
function hiddenText(
  { channels, squeezed }: SqueezeSizes,
  term: string,
  start: string,
  finish: string,
): string {
  const parts = partsOf(squeezed);
  const perPart = Math.ceil(channels / parts);
  return `  let image = group.z;
  for (var i = thread; i < ${parts * squeezed}u; i += ${THREADS}u) {
    let s = i % ${squeezed}u;
    let first = i / ${squeezed}u * ${perPart}u;
    let end = min(first + ${perPart}u, ${channels}u);
    var sum = 0.0;
    for (var c = first; c < end; c++) { sum += ${term}; }
    partial[i] = sum;
  }
  workgroupBarrier();
  for (var s = thread; s < ${squeezed}u; s += ${THREADS}u) {
    var sum = ${start};
    for (var part = 0u; part < ${parts}u; part++) { sum += partial[part * ${squeezed}u + s]; }
    ${finish}
  }
  workgroupBarrier();
  let c = group.x * ${CHANNELS}u + thread % ${CHANNELS}u;`;
}

/** Does `body` for each place `i` of a workgroup's pixels with the channel `c`. */
function everyPixel({ pixels, channels }: SqueezeSizes, body: string): string {
  const chunk = Math.ceil(pixels / chunksOf(pixels));
  return `  let end = min((group.y + 1u) * ${chunk}u, ${pixels}u);
  for (var p = group.y * ${chunk}u + thread / ${CHANNELS}u; p < end; p += ${THREADS / CHANNELS}u) {
    let i = (image * ${pixels}u + p) * ${lengthOf(channels)}u + c;
    ${body}
  }`;
}

/**
 * The text of what follows the means: reduced = mean reduceWeight + reduceBias, gate = sigmoid(activation(reduced) expandWeight +
 * expandBias) and y = x * gate. Every workgroup computes `reduced` again, which costs less than a program for it. Of the buffers x,
 * mean, reduceWeight, reduceBias, expandWeight, expandBias, y, reduced and gate.
 */
export function exciteSource(sizes: SqueezeSizes): string {
  const { channels, squeezed, activation } = sizes;
  const V = typeOf(channels);
  const length = lengthOf(channels);
  const term = `mean[image * ${channels}u + c] * reduceWeight[c * ${squeezed}u + s]`;
  const finish = `if (group.x == 0u && group.y == 0u) { reduced[image * ${squeezed}u + s] = sum; }
    hidden[s] = activate(sum);`;
  return `${declare([
    { name: 'x', row: channels },
    { name: 'mean', row: 1 },
    { name: 'reduceWeight', row: 1 },
    { name: 'reduceBias', row: 1 },
    { name: 'expandWeight', row: channels },
    { name: 'expandBias', row: channels },
    { name: 'y', row: channels, writes: true },
    { name: 'reduced', row: 1, writes: true },
    { name: 'gate', row: channels, writes: true },
  ])}
${hiddenVariables(sizes)}
var<workgroup> gates: array<${V}, ${CHANNELS}>;
fn activate(v: f32) -> f32 { return ${activated(activation, 'f32')}; }
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
${hiddenText(sizes, term, 'reduceBias[s]', finish)}
  if (thread < ${CHANNELS}u && c < ${length}u) {
    var sum = expandBias[c];
    for (var s = 0u; s < ${squeezed}u; s++) { sum += hidden[s] * expandWeight[s * ${length}u + c]; }
    let g = 1.0 / (1.0 + exp(-sum));
    gates[thread] = g;
    if (group.y == 0u) { gate[image * ${length}u + c] = g; }
  }
  workgroupBarrier();
  if (c >= ${length}u) { return; }
  let g = gates[thread % ${CHANNELS}u];
${everyPixel(sizes, 'y[i] = x[i] * g;')}
}`;
}

/** The slopes of the activations that may stand between the two products, at `v`. */
const slopes: Readonly<Record<string, string>> = {
  linear: '1.0',
  relu: 'select(1.0, 0.0, v <= 0.0)',
  relu6: 'select(1.0, 0.0, v <= 0.0 || v >= 6.0)',
  sigmoid: '(1.0 - 1.0 / (1.0 + exp(-v))) / (1.0 + exp(-v))',
  swish: '(1.0 + v * (1.0 - 1.0 / (1.0 + exp(-v)))) / (1.0 + exp(-v))',
};

/**
 * The text of dx = dy * gate + dMean / pixels, and of dReduced, the gradient of what the first product gives; of the buffers dy, gate,
 * dGate, reduced, expandWeight, reduceWeight, dx and dReduced. As in {@link exciteSource}, every workgroup computes dReduced.
 */
export function exciteGradientSource(sizes: SqueezeSizes): string {
  const { pixels, channels, squeezed, activation } = sizes;
  const V = typeOf(channels);
  const length = lengthOf(channels);
  const term = `dGate[image * ${channels}u + c] * expandWeight[s * ${channels}u + c]`;
  const finish = `sum *= slope(reduced[image * ${squeezed}u + s]);
    if (group.x == 0u && group.y == 0u) { dReduced[image * ${squeezed}u + s] = sum; }
    hidden[s] = sum;`;
  const weights = (i: number) => `reduceWeight[(c * ${channels / length}u + ${i}u) * ${squeezed}u + s]`;
  const four = V === 'f32' ? weights(0) : `vec4f(${[0, 1, 2, 3].map(weights).join(', ')})`;
  return `${declare([
    { name: 'dy', row: channels },
    { name: 'gate', row: channels },
    ...['dGate', 'reduced', 'expandWeight', 'reduceWeight'].map((name) => ({ name, row: 1 })),
    { name: 'dx', row: channels, writes: true },
    { name: 'dReduced', row: 1, writes: true },
  ])}
${hiddenVariables(sizes)}
var<workgroup> means: array<${V}, ${CHANNELS}>;
fn slope(v: f32) -> f32 { return ${slopes[activation]!}; }
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
${hiddenText(sizes, term, '0.0', finish)}
  if (thread < ${CHANNELS}u && c < ${length}u) {
    var sum = ${V}();
    for (var s = 0u; s < ${squeezed}u; s++) { sum += hidden[s] * ${four}; }
    means[thread] = sum / ${pixels}.0;
  }
  workgroupBarrier();
  if (c >= ${length}u) { return; }
  let mean = means[thread % ${CHANNELS}u];
  let g = gate[image * ${length}u + c];
${everyPixel(sizes, `dx[i] = fma(dy[i], ${V}(g), mean);`)}
}`;
}

/**
 * The text of the gradients of the weights, of the buffers mean, reduced, dGate, dReduced, dReduceWeight, dReduceBias, dExpandWeight
 * and dExpandBias; a thread for each value of a weight.
 */
export function squeezeWeightsSource({ channels, squeezed, activation }: SqueezeSizes): string {
  const inputs = ['mean', 'reduced', 'dGate', 'dReduced'];
  const outputs = ['dReduceWeight', 'dReduceBias', 'dExpandWeight', 'dExpandBias'];
  return `${declare([
    ...inputs.map((name) => ({ name, row: 1 })),
    ...outputs.map((name) => ({ name, row: 1, writes: true })),
  ])}
fn activate(v: f32) -> f32 { return ${activated(activation, 'f32')}; }
${flatMain(`  if (i >= ${channels * squeezed}u) { return; }
  let images = arrayLength(&mean) / ${channels}u;
  var reduce = 0.0;
  var reduceBias = 0.0;
  var expand = 0.0;
  var expandBias = 0.0;
  for (var n = 0u; n < images; n++) {
    let r = dReduced[n * ${squeezed}u + i % ${squeezed}u];
    let g = dGate[n * ${channels}u + i % ${channels}u];
    reduce = fma(mean[n * ${channels}u + i / ${squeezed}u], r, reduce);
    reduceBias += r;
    expand = fma(activate(reduced[n * ${squeezed}u + i / ${channels}u]), g, expand);
    expandBias += g;
  }
  dReduceWeight[i] = reduce;
  dExpandWeight[i] = expand;
  if (i < ${squeezed}u) { dReduceBias[i] = reduceBias; }
  if (i < ${channels}u) { dExpandBias[i] = expandBias; }`)}`;
}
