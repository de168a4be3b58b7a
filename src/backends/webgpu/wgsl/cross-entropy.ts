import { declare } from './buffers.js';

/** What a program of the cross-entropy depends on. */
export interface CrossEntropySizes {
  readonly classes: number;
  /** Whether targets are the numbers of classes, or else a share of each class. */
  readonly areClasses: boolean;
  /** The type of the targets' buffer. */
  readonly targetType: 'i32' | 'f32';
}

const THREADS = 64;
/** Threads of a row: one where there are few classes. */
const lanesOf = (classes: number) => (classes > 64 ? THREADS : 1);

/** Workgroups of {@link crossEntropySource}. */
export function crossEntropyWorkgroups(
  rows: number,
  { classes }: CrossEntropySizes,
): [number, number, number] {
  return [Math.ceil((rows * lanesOf(classes)) / THREADS), 1, 1];
}

/** The sum, or the largest, of the values of a row's threads. */
function reduction(lanes: number, name: string, join: (a: string, b: string) => string): string {
  if (lanes === 1) return `fn ${name}(thread: u32, value: f32) -> f32 { return value; }`;
  return `fn ${name}(thread: u32, value: f32) -> f32 {
  values[thread] = value;
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { values[thread] = ${join('values[thread]', 'values[thread + half]')}; }
  }
  workgroupBarrier();
  let result = values[0];
  workgroupBarrier();
  return result;
}`;
}

/**
 * The text of each row's cross-entropy, and of the gradient of their mean; of the buffers x, targets, settings (the share of label
 * smoothing), losses and gradient. A class whose share is 0 takes no part, also where its logit is -Infinity.
 */
export function crossEntropySource({ classes, areClasses, targetType }: CrossEntropySizes): string {
  const lanes = lanesOf(classes);
  const share = areClasses
    ? 'select(0.0, 1.0, targets[row] == i32(c))'
    : `f32(targets[row * ${classes}u + c])`;
  const eachClass = (body: string) => `for (var c = lane; c < ${classes}u; c += ${lanes}u) { ${body} }`;
  return `${declare([{ name: 'x', row: 1 }])}
@group(0) @binding(1) var<storage, read> targets: array<${targetType}>;
@group(0) @binding(2) var<storage, read> settings: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;
${lanes > 1 ? `var<workgroup> values: array<f32, ${lanes}>;` : ''}
${reduction(lanes, 'most', (a, b) => `max(${a}, ${b})`)}
${reduction(lanes, 'total', (a, b) => `${a} + ${b}`)}
fn wanted(row: u32, c: u32) -> f32 { return ${share} * (1.0 - settings[0]) + settings[0] / ${classes}.0; }
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = thread % ${lanes}u;
  let rows = arrayLength(&losses);
  let place = group.x * ${THREADS / lanes}u + thread / ${lanes}u;
  let row = min(place, rows - 1u);
  let start = row * ${classes}u;
  var largest = x[start];
  ${eachClass('largest = max(largest, x[start + c]);')}
  largest = most(thread, largest);
  var sum = 0.0;
  var shares = 0.0;
  ${eachClass('sum += exp(x[start + c] - largest); shares += wanted(row, c);')}
  sum = total(thread, sum);
  shares = total(thread, shares);
  let logSum = log(sum);
  var loss = 0.0;
  ${eachClass(`let logP = x[start + c] - largest - logSum;
    let w = wanted(row, c);
    if (w != 0.0) { loss -= w * logP; }
    if (place < rows) { gradient[start + c] = (exp(logP) * shares - w) / f32(rows); }`)}
  loss = total(thread, loss);
  if (lane == 0u && place < rows) { losses[row] = loss; }
}`;
}
