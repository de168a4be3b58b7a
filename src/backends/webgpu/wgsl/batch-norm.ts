import { declare, inFours, typeOf, type BufferOfFloats } from './buffers.js';

// Sizes are those of the buffers, so that layers of any sizes share programs.

/** What a batch norm of training ends with. */
export interface NormEnd {
  /** To what its values are clamped; infinite where they are not. */
  readonly low: number;
  readonly high: number;
  readonly swish: boolean;
  readonly shortcut: boolean;
}

/** What the programs depend on of the number of channels: whether they come in fours, and what a workgroup has. */
export interface NormShape {
  readonly row: 4 | 1;
  /** Channels, or fours of them, and rows of a workgroup. */
  readonly across: number;
  readonly down: number;
}

/** A shape of at most so many threads. */
export function normShape(channels: number, threads: number): NormShape {
  const row = inFours(channels) ? 4 : 1;
  const across = Math.min(16, 2 ** Math.ceil(Math.log2(channels / row)));
  return { row, across, down: threads / across };
}

/** Workgroups of these programs, each for some channels and one of `chunks` of rows. */
export function normWorkgroups(
  channels: number,
  { row, across }: NormShape,
  chunks: number,
): [number, number, number] {
  return [Math.ceil(channels / row / across), chunks, 1];
}

/** The beginning of a program: its buffers, and `total`, which adds a value of each of a channel's threads. */
function head({ row, across, down }: NormShape, buffers: readonly BufferOfFloats[]): string {
  return `alias V = ${typeOf(row)};
const ACROSS = ${across}u;
const DOWN = ${down}u;
${declare(buffers)}
var<workgroup> shared_: array<V, ${across * down}>;
fn total(thread: vec3u, value: V) -> V {
  shared_[thread.y * ACROSS + thread.x] = value;
  for (var half = DOWN / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread.y < half) { shared_[thread.y * ACROSS + thread.x] += shared_[(thread.y + half) * ACROSS + thread.x]; }
  }
  workgroupBarrier();
  let sum = shared_[thread.x];
  workgroupBarrier();
  return sum;
}`;
}

/** The entry, with `length` channels, the channel `c` if it `isIn`, and the first and the end of the rows of a chunk. */
function main(length: string, body: string): string {
  return `@compute @workgroup_size(ACROSS, DOWN)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let length = ${length};
  let isIn = group.x * ACROSS + thread.x < length;
  let c = min(group.x * ACROSS + thread.x, length - 1u);
  let rows = arrayLength(&x) / length;
  let perChunk = (rows + groups.y - 1u) / groups.y;
  let first = min(group.y * perChunk, rows);
  let end = min(first + perChunk, rows);
${body}
}`;
}

/** Runs for the rows of a thread, of which `i` is the place in a buffer. */
const eachRow = (body: string) => `  for (var row = first + thread.y; row < end; row += DOWN) {
    let i = row * length + c;
${body}
  }`;

/** The text of the means and squared distances from them of each slice of rows, of the buffers x and moments [2, slices, channels]. */
export function momentsSource(shape: NormShape): string {
  const { row } = shape;
  return `${head(shape, [
    { name: 'x', row },
    { name: 'moments', row, writes: true },
  ])}
${main(
  'arrayLength(&moments) / (2u * groups.y)',
  `  // About one of the values, of which the mean cannot be far: squares of large means would hide the variance.
  let origin = x[min(first, rows - 1u) * length + c];
  var sum = V();
  var squares = V();
${eachRow('    let d = x[i] - origin; sum += d; squares = fma(d, d, squares);')}
  sum = total(thread, sum);
  squares = total(thread, squares);
  if (thread.y == 0u && isIn) {
    let count = f32(max(end - first, 1u));
    moments[group.y * length + c] = origin + sum / count;
    moments[(groups.y + group.y) * length + c] = max(squares - sum * sum / count, V());
  }`,
)}`;
}

/** `value`, V, of each slice of which `s` is the number and `count` the rows, added; as expressions. */
const overSlices = (value: string) => `  for (var s = thread.y; s < slices; s += DOWN) {
    let perSlice = (rows + slices - 1u) / slices;
    let count = f32(min((s + 1u) * perSlice, rows)) - f32(min(s * perSlice, rows));
    ${value}
  }`;

/** Declares the values, or fours of them, from a tensor to the next one of a buffer; as `allocateList`. */
const pitchOf = (row: number) => `let pitch = (length + ${64 / row - 1}u) / ${64 / row}u * ${64 / row}u;`;

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
  shape: NormShape,
  end: NormEnd,
  { epsilon, running }: { epsilon: number; running: RunningMean | undefined },
): string {
  const { row } = shape;
  const buffers = [
    ...['x', 'moments', 'scales', 'offsets', ...(end.shortcut ? ['shortcut'] : [])].map((name) => ({
      name,
      row,
    })),
    ...['y', 'statistics', ...(running ? ['runningMean', 'runningVariance'] : [])].map((name) => ({
      name,
      row,
      writes: true,
    })),
  ];
  const move = (name: string, value: string, { momentum }: RunningMean) =>
    `${name}[c] = ${name}[c] * f32(${momentum}) + ${value} * f32(${1 - momentum});`;
  const moves = running
    ? `${move('runningMean', 'mean', running)}
    ${move('runningVariance', `(variance${running.unbiased ? ' * (n / (n - 1.0))' : ''})`, running)}`
    : '';
  return `${head(shape, buffers)}
${main(
  'arrayLength(&offsets)',
  `  let slices = arrayLength(&moments) / (2u * length);
  let n = f32(rows);
  var sum = V();
${overSlices(`sum += count * moments[s * length + c];`)}
  let mean = total(thread, sum) / n;
  sum = V();
${overSlices(
  `let d = moments[s * length + c] - mean; sum += moments[(slices + s) * length + c] + count * d * d;`,
)}
  let variance = total(thread, sum) / n;
  let inverseDeviation = 1.0 / sqrt(variance + f32(${epsilon}));
  if (!isIn) { return; }
  if (group.y == 0u && thread.y == 0u) {
    ${pitchOf(row)}
    statistics[c] = mean;
    statistics[pitch + c] = variance;
    statistics[2u * pitch + c] = inverseDeviation;
    ${moves}
  }
  let factor = scales[c] * inverseDeviation;
  let offset = offsets[c];
${eachRow(`    let v = fma(x[i] - mean, factor, offset)${end.shortcut ? ' + shortcut[i]' : ''};\n    y[i] = ${ended(end)};`)}`,
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
export function normGradientSumsSource(shape: NormShape, end: NormEnd): string {
  const { row } = shape;
  const inputs = [
    'x',
    'dy',
    ...slopeBuffers(end),
    'means',
    ...(end.swish ? ['scales', 'inverseDeviations'] : []),
  ];
  const outputs = ['sums', ...(end.shortcut ? ['dShortcut'] : [])];
  const buffers = [
    ...inputs.map((name) => ({ name, row })),
    ...outputs.map((name) => ({ name, row, writes: true })),
  ];
  return `${head(shape, buffers)}
${main(
  'arrayLength(&means)',
  `${end.swish ? readStatistics(end) : '  let mean = means[c];'}
  var sum = V();
  var products = V();
${eachRow(
  `${slope(end)}
    ${end.shortcut ? 'if (isIn) { dShortcut[i] = g; }' : ''}
    sum += g;
    products = fma(g, x[i] - mean, products);`,
)}
  sum = total(thread, sum);
  products = total(thread, products);
  if (thread.y == 0u && isIn) {
    sums[group.y * length + c] = sum;
    sums[(groups.y + group.y) * length + c] = products;
  }`,
)}`;
}

/**
 * The text of the gradients, of the buffers x, dy (or g, the gradient of a shortcut), y or offsets as above but with g none,
 * scales, means, inverseDeviations, sums, dx, and the gradients of scale and offset, `pitch` apart.
 */
export function normGradientSource(shape: NormShape, end: NormEnd): string {
  const { row } = shape;
  const rest: NormEnd = end.shortcut
    ? { low: -Infinity, high: Infinity, swish: false, shortcut: false }
    : end;
  const inputs = ['x', 'dy', ...slopeBuffers(rest), 'scales', 'means', 'inverseDeviations', 'sums'];
  const buffers = [
    ...inputs.map((name) => ({ name, row })),
    ...['dx', 'parameters'].map((name) => ({ name, row, writes: true })),
  ];
  return `${head(shape, buffers)}
${main(
  'arrayLength(&means)',
  `${readStatistics(rest)}
  let slices = arrayLength(&sums) / (2u * length);
  let n = f32(rows);
  var part = V();
  for (var s = thread.y; s < slices; s += DOWN) { part += sums[s * length + c]; }
  let sum = total(thread, part);
  part = V();
  for (var s = thread.y; s < slices; s += DOWN) { part += sums[(slices + s) * length + c]; }
  let products = total(thread, part) * inverseDeviation;
  if (!isIn) { return; }
  if (group.y == 0u && thread.y == 0u) {
    ${pitchOf(row)}
    parameters[c] = products;
    parameters[pitch + c] = sum;
  }
  let tilt = products * inverseDeviation / n;
${eachRow(`${slope(rest)}\n    dx[i] = factor * (g - sum / n - (x[i] - mean) * tilt);`)}`,
)}`;
}
