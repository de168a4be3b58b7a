import { activated, declare, lengthOf, typeOf } from './buffers.js';

/** How a workgroup sums over the pixels of an image: `across` channels, or fours of them, in `slices`. */
interface Division {
  readonly across: number;
  readonly slices: number;
}

const THREADS = 256;

function divide(pixels: number, channels: number): Division {
  // Large images have many pixels for few channels.
  let across = pixels >= 1024 ? 4 : pixels >= 128 ? 8 : 16;
  while (across > 1 && across / 2 >= lengthOf(channels)) across /= 2;
  return { across, slices: Math.min(THREADS / across, 2 ** Math.ceil(Math.log2(pixels))) };
}

/** Workgroups of {@link meanSource}. */
export function meanWorkgroups(images: number, pixels: number, channels: number): [number, number, number] {
  return [Math.ceil(lengthOf(channels) / divide(pixels, channels).across), images, 1];
}

/** The text of the means over the pixels of each image and channel, of the buffers x and mean. */
export function meanSource(pixels: number, channels: number): string {
  const { across, slices } = divide(pixels, channels);
  const V = typeOf(channels);
  const length = lengthOf(channels);
  return `${declare([
    { name: 'x', row: channels },
    { name: 'mean', row: channels, writes: true },
  ])}
var<workgroup> sums: array<${V}, ${across * slices}>;
@compute @workgroup_size(${across}, ${slices})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let c = group.x * ${across}u + thread.x;
  var sum = ${V}();
  if (c < ${length}u) {
    for (var p = thread.y; p < ${pixels}u; p += ${slices}u) { sum += x[(group.y * ${pixels}u + p) * ${length}u + c]; }
  }
  sums[thread.y * ${across}u + thread.x] = sum;
  for (var half = ${slices / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread.y < half) { sums[thread.y * ${across}u + thread.x] += sums[(thread.y + half) * ${across}u + thread.x]; }
  }
  if (thread.y == 0u && c < ${length}u) { mean[group.y * ${length}u + c] = sums[thread.x] / ${pixels}.0; }
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

/** Workgroups of {@link exciteSource}. */
export function exciteWorkgroups(images: number, { pixels, channels }: SqueezeSizes): [number, number, number] {
  return [Math.ceil(lengthOf(channels) / CHANNELS), chunksOf(pixels), images];
}

/**
 * The text of what follows the means: reduced = mean reduceWeight + reduceBias, gate = sigmoid(activation(reduced) expandWeight +
 * expandBias) and y = x * gate. Every workgroup computes `reduced` again, which costs less than a program for it. Of the buffers x,
 * mean, reduceWeight, reduceBias, expandWeight, expandBias, y, reduced and gate.
 */
export function exciteSource({ pixels, channels, squeezed, activation }: SqueezeSizes): string {
  const V = typeOf(channels);
  const length = lengthOf(channels);
  const parts = Math.max(1, Math.floor(THREADS / squeezed));
  const perPart = Math.ceil(channels / parts);
  const rows = THREADS / CHANNELS;
  const chunk = Math.ceil(pixels / chunksOf(pixels));
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
var<workgroup> partial: array<f32, ${parts * squeezed}>;
var<workgroup> hidden: array<f32, ${squeezed}>;
var<workgroup> gates: array<${V}, ${CHANNELS}>;
fn activate(v: f32) -> f32 { return ${activated(activation, 'f32')}; }
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let image = group.z;
  for (var i = thread; i < ${parts * squeezed}u; i += ${THREADS}u) {
    let s = i % ${squeezed}u;
    let first = i / ${squeezed}u * ${perPart}u;
    let end = min(first + ${perPart}u, ${channels}u);
    var sum = 0.0;
    for (var c = first; c < end; c++) { sum += mean[image * ${channels}u + c] * reduceWeight[c * ${squeezed}u + s]; }
    partial[i] = sum;
  }
  workgroupBarrier();
  for (var s = thread; s < ${squeezed}u; s += ${THREADS}u) {
    var sum = reduceBias[s];
    for (var part = 0u; part < ${parts}u; part++) { sum += partial[part * ${squeezed}u + s]; }
    if (group.x == 0u && group.y == 0u) { reduced[image * ${squeezed}u + s] = sum; }
    hidden[s] = activate(sum);
  }
  workgroupBarrier();
  let c = group.x * ${CHANNELS}u + thread % ${CHANNELS}u;
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
  let end = min((group.y + 1u) * ${chunk}u, ${pixels}u);
  for (var p = group.y * ${chunk}u + thread / ${CHANNELS}u; p < end; p += ${rows}u) {
    let i = (image * ${pixels}u + p) * ${length}u + c;
    y[i] = x[i] * g;
  }
}`;
}
