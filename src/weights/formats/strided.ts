/** An axis of a tensor that lies in two places: its size, and its strides in them, in elements. */
export interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Strides of elements in row-major order without gaps. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** How many elements it is from the first to the last of `from`, both included. */
export function extent(axes: readonly Pick<Axis, 'size' | 'from'>[]): number {
  return 1 + axes.reduce((sum, { size, from }) => sum + (size - 1) * from, 0);
}

/** Steps along the slowest axis of `from` that are copied together, which the processor's cache holds. */
const BLOCK = 16;

/**
 * Copies a tensor from one layout to another, in blocks along the axis that is the slowest in `from`: where the layouts are
 * the reverse of each other, as PyTorch's and tfjs's of a kernel, what is read and what is written both stay in the cache.
 * @param values - Gives the elements of `from` between two places, and is called for a block at a time.
 */
export function copyStrided(
  axes: readonly Axis[],
  values: (begin: number, end: number) => Float32Array,
  out: Float32Array,
): void {
  const [slowest = { size: 1, from: 0, to: 0 }, ...others] = axes
    .filter(({ size }) => size !== 1)
    .sort((a, b) => b.from - a.from);
  const reach = extent(others);
  // The longest is the innermost loop.
  others.sort((a, b) => a.size - b.size);
  for (let i = 0; i < slowest.size; i += BLOCK) {
    const run = { ...slowest, size: Math.min(BLOCK, slowest.size - i) };
    const begin = i * run.from;
    const end = begin + (run.size - 1) * run.from + reach;
    copyBlock(values(begin, end), out.subarray(i * run.to), others, run);
  }
}

function copyBlock(values: Float32Array, out: Float32Array, axes: readonly Axis[], run: Axis): void {
  const outer = axes.slice(0, -1);
  const row = axes.at(-1) ?? { size: 1, from: 0, to: 0 };
  const index = outer.map(() => 0);
  let from = 0;
  let to = 0;
  for (;;) {
    copyRows(values, from, out, to, row, run);
    let i = outer.length - 1;
    for (; i >= 0; i--) {
      const axis = outer[i]!;
      from += axis.from;
      to += axis.to;
      if (++index[i]! < axis.size) break;
      from -= axis.from * axis.size;
      to -= axis.to * axis.size;
      index[i] = 0;
    }
    if (i < 0) return;
  }
}

/** Copies two axes, four elements of the second at a time, which halves what the loop costs. */
function copyRows(
  values: Float32Array,
  from: number,
  out: Float32Array,
  to: number,
  { size: rows, from: rowFrom, to: rowTo }: Axis,
  { size, from: stepFrom, to: stepTo }: Axis,
): void {
  let k = 0;
  for (; k + 4 <= size; k += 4, from += 4 * stepFrom, to += 4 * stepTo) {
    for (let j = 0, f = from, t = to; j < rows; j++, f += rowFrom, t += rowTo) {
      out[t] = values[f]!;
      out[t + stepTo] = values[f + stepFrom]!;
      out[t + 2 * stepTo] = values[f + 2 * stepFrom]!;
      out[t + 3 * stepTo] = values[f + 3 * stepFrom]!;
    }
  }
  for (; k < size; k++, from += stepFrom, to += stepTo) {
    for (let j = 0, f = from, t = to; j < rows; j++, f += rowFrom, t += rowTo) out[t] = values[f]!;
  }
}
