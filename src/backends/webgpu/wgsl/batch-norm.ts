import { declare, lengthOf, typeOf, type BufferOfFloats } from './buffers.js';

/** What a batch norm of training ends with. */
export interface NormEnd {
  /** To what its values are clamped; infinite where they are not. */
  readonly low: number;
  readonly high: number;
  readonly swish: boolean;
  readonly shortcut: boolean;
}

/** Sizes of a batch norm: of `rows` of `channels`, summed in `slices`. */
export interface NormSizes {
  readonly channels: number;
  readonly slices: number;
}

/** Channels, or fours of them, and rows of a workgroup. */
const ACROSS = 16;
const DOWN = 16;

/** Workgroups of these programs, each for some channels and one of `chunks` of rows. */
export function normWorkgroups(channels: number, chunks: number): [number, number, number] {
  return [Math.ceil(lengthOf(channels) / ACROSS), chunks, 1];
}

/** The beginning of a program: its buffers, and `total`, which adds a value of each of a channel's threads. */
function head(channels: number, buffers: readonly BufferOfFloats[]): string {
  const V = typeOf(channels);
  return `alias V = ${V};
${declare(buffers)}
var<workgroup> shared_: array<V, ${ACROSS * DOWN}>;
fn total(thread: vec3u, value: V) -> V {
  shared_[thread.y * ${ACROSS}u + thread.x] = value;
  for (var half = ${DOWN / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread.y < half) { shared_[thread.y * ${ACROSS}u + thread.x] += shared_[(thread.y + half) * ${ACROSS}u + thread.x]; }
  }
  workgroupBarrier();
  let sum = shared_[thread.x];
  workgroupBarrier();
  return sum;
}`;
}

/** The entry, with the channel `c`, its place `at` if it exists, and the first and the end of the rows of a chunk. */
function main(channels: number, body: string): string {
  const length = lengthOf(channels);
  return `@compute @workgroup_size(${ACROSS}, ${DOWN})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let isIn = group.x * ${ACROSS}u + thread.x < ${length}u;
  let c = min(group.x * ${ACROSS}u + thread.x, ${length - 1}u);
  let rows = arrayLength(&x) / ${length}u;
  let perChunk = (rows + groups.y - 1u) / groups.y;
  let first = min(group.y * perChunk, rows);
  let end = min(first + perChunk, rows);
${body}
}`;
}

/** Runs for the rows of a thread, of which \`i\` is the place in a buffer. */
const eachRow = (channels: number, body: string) => `  for (var row = first + thread.y; row < end; row += ${DOWN}u) {
    let i = row * ${lengthOf(channels)}u + c;
${body}
  }`;

/** The text of the means and squared distances from them of each slice of rows, of the buffers x and moments [2, slices, channels]. */
export function momentsSource({ channels, slices }: NormSizes): string {
  const length = lengthOf(channels);
  return `${head(channels, [
    { name: 'x', row: channels },
    { name: 'moments', row: channels, writes: true },
  ])}
${main(
  channels,
  `  // About one of the values, of which the mean cannot be far: squares of large means would hide the variance.
  let origin = x[min(first, rows - 1u) * ${length}u + c];
  var sum = V();
  var squares = V();
${eachRow(channels, '    let d = x[i] - origin; sum += d; squares = fma(d, d, squares);')}
  sum = total(thread, sum);
  squares = total(thread, squares);
  if (thread.y == 0u && isIn) {
    let count = f32(max(end - first, 1u));
    moments[group.y * ${length}u + c] = origin + sum / count;
    moments[(${slices}u + group.y) * ${length}u + c] = max(squares - sum * sum / count, V());
  }`,
)}`;
}

/** `value`, V, of each slice of which `s` is the number and `count` the rows, added; as expressions. */
const overSlices = (slices: number, value: string) => `  for (var s = thread.y; s < ${slices}u; s += ${DOWN}u) {
    let perSlice = (rows + ${slices - 1}u) / ${slices}u;
    let count = f32(min((s + 1u) * perSlice, rows)) - f32(min(s * perSlice, rows));
    ${value}
  }`;

/** How the running statistics follow. */
export interface RunningMean {
  /** How much of them is kept. */
  readonly momentum: number;
  /** Whether the running variance is of n - 1 values. */
  readonly unbiased: boolean;
}

/**
 * The text of the normalisation by {@link momentsSource}'s moments and what follows it, of the buffers x, moments, scale, offset,
 * shortcut where there is one, y, statistics (mean, variance and inverse deviation, `pitch` floats apart), and where `running` is
 * given the running mean and variance, which it changes.
 */
export function normalizeSource(
  { channels, slices }: NormSizes,
  end: NormEnd,
  { epsilon, pitch, running }: { epsilon: number; pitch: number; running: RunningMean | undefined },
): string {
  const length = lengthOf(channels);
  const step = lengthOf(channels) === channels ? pitch : pitch / 4;
  const buffers = [
    ...['x', 'moments', 'scales', 'offsets', ...(end.shortcut ? ['shortcut'] : [])].map((name) => ({ name, row: channels })),
    ...['y', 'statistics', ...(running ? ['runningMean', 'runningVariance'] : [])].map((name) => ({
      name,
      row: channels,
      writes: true,
    })),
  ];
  const move = (name: string, value: string, { momentum }: RunningMean) =>
    `${name}[c] = ${name}[c] * f32(${momentum}) + ${value} * f32(${1 - momentum});`;
  const moves = running
    ? `${move('runningMean', 'mean', running)}
    ${move('runningVariance', `(variance${running.unbiased ? ' * (n / (n - 1.0))' : ''})`, running)}`
    : '';
  return `${head(channels, buffers)}
${main(
  channels,
  `  let n = f32(rows);
  var sum = V();
${overSlices(slices, `sum += count * moments[s * ${length}u + c];`)}
  let mean = total(thread, sum) / n;
  sum = V();
${overSlices(
  slices,
  `let d = moments[s * ${length}u + c] - mean; sum += moments[(${slices}u + s) * ${length}u + c] + count * d * d;`,
)}
  let variance = total(thread, sum) / n;
  let inverseDeviation = 1.0 / sqrt(variance + f32(${epsilon}));
  if (!isIn) { return; }
  if (group.y == 0u && thread.y == 0u) {
    statistics[c] = mean;
    statistics[${step}u + c] = variance;
    statistics[${2 * step}u + c] = inverseDeviation;
    ${moves}
  }
  let factor = scales[c] * inverseDeviation;
  let offset = offsets[c];
${eachRow(channels, `    let v = fma(x[i] - mean, factor, offset)${end.shortcut ? ' + shortcut[i]' : ''};\n    y[i] = ${ended(end)};`)}`,
)}`;
}

/** What follows the normalisation, of `v`. */
function ended({ low, high, swish }: NormEnd): string {
  if (swish) return 'v / (1.0 + exp(-v))';
  const above = low > -Infinity ? `select(v, V(${low}.0), v < V(${low}.0))` : 'v';
  return high < Infinity ? `select(${above}, V(${high}.0), v > V(${high}.0))` : above;
}

/** Declares `g`, the gradient of what follows the normalisation. */
function slope({ low, high, swish }: NormEnd): string {
  if (swish) {
    return `    let v = fma(x[i] - mean, factor, offset);
    let s = 1.0 / (1.0 + exp(-v));
    let g = dy[i] * s * (1.0 + v * (1.0 - s));`;
  }
  if (low === -Infinity) return '    let g = dy[i];';
  const above = high < Infinity ? ` | (y[i] >= V(${high}.0))` : '';
  return `    let g = select(dy[i], V(), (y[i] <= V(${low}.0))${above});`;
}

/** Of the gradient of what follows: what its two programs get besides x, dy and the sums. */
function slopeBuffers({ low, swish }: NormEnd): string[] {
  return swish ? ['offsets'] : low > -Infinity ? ['y'] : [];
}

const readStatistics = (end: NormEnd) => `  let mean = means[c];
  let inverseDeviation = inverseDeviations[c];
  let factor = scales[c] * inverseDeviation;
  ${end.swish ? 'let offset = offsets[c];' : ''}`;

/**
 * The text of the sums of g, the gradient of the normalisation, and of g (x - mean), of each slice of rows; of the buffers x, dy, y
 * where it is clamped or offsets with swish, means, with swish scales and inverseDeviations, sums [2, slices, channels], and with a
 * shortcut its gradient, which is g.
 */
export function normGradientSumsSource({ channels, slices }: NormSizes, end: NormEnd): string {
  const length = lengthOf(channels);
  const inputs = ['x', 'dy', ...slopeBuffers(end), 'means', ...(end.swish ? ['scales', 'inverseDeviations'] : [])];
  const outputs = ['sums', ...(end.shortcut ? ['dShortcut'] : [])];
  const buffers = [
    ...inputs.map((name) => ({ name, row: channels })),
    ...outputs.map((name) => ({ name, row: channels, writes: true })),
  ];
  return `${head(channels, buffers)}
${main(
  channels,
  `${end.swish ? readStatistics(end) : '  let mean = means[c];'}
  var sum = V();
  var products = V();
${eachRow(
  channels,
  `${slope(end)}
    ${end.shortcut ? 'if (isIn) { dShortcut[i] = g; }' : ''}
    sum += g;
    products = fma(g, x[i] - mean, products);`,
)}
  sum = total(thread, sum);
  products = total(thread, products);
  if (thread.y == 0u && isIn) {
    sums[group.y * ${length}u + c] = sum;
    sums[(${slices}u + group.y) * ${length}u + c] = products;
  }`,
)}`;
}

/**
 * The text of the gradients, of the buffers x, dy (or g, the gradient of a shortcut), y or offsets as above but with g none,
 * scales, means, inverseDeviations, sums, dx, and the gradients of scale and offset, `pitch` floats apart.
 */
export function normGradientSource({ channels, slices }: NormSizes, end: NormEnd, pitch: number): string {
  const length = lengthOf(channels);
  const step = lengthOf(channels) === channels ? pitch : pitch / 4;
  const rest: NormEnd = end.shortcut ? { low: -Infinity, high: Infinity, swish: false, shortcut: false } : end;
  const inputs = ['x', 'dy', ...slopeBuffers(rest), 'scales', 'means', 'inverseDeviations', 'sums'];
  const buffers = [
    ...inputs.map((name) => ({ name, row: channels })),
    ...['dx', 'parameters'].map((name) => ({ name, row: channels, writes: true })),
  ];
  return `${head(channels, buffers)}
${main(
  channels,
  `${readStatistics(rest)}
  let n = f32(rows);
  var part = V();
  for (var s = thread.y; s < ${slices}u; s += ${DOWN}u) { part += sums[s * ${length}u + c]; }
  let sum = total(thread, part);
  part = V();
  for (var s = thread.y; s < ${slices}u; s += ${DOWN}u) { part += sums[(${slices}u + s) * ${length}u + c]; }
  let products = total(thread, part) * inverseDeviation;
  if (!isIn) { return; }
  if (group.y == 0u && thread.y == 0u) {
    parameters[c] = products;
    parameters[${step}u + c] = sum;
  }
  let tilt = products * inverseDeviation / n;
${eachRow(channels, `${slope(rest)}\n    dx[i] = factor * (g - sum / n - (x[i] - mean) * tilt);`)}`,
)}`;
}
