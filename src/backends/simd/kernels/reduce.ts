import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import { fallback, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { ADD_SLICES, REDUCE_ROWS, SOFTMAX, SUM_COLUMNS } from '../kernel-ids.js';
import { float } from '../runtime.js';

/** Floats that are worth a separate chunk. */
const CHUNK = 16384;

/** A tensor as [outer, reduced, inner]. */
interface Reduction {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly shape: number[];
}

/** The reduction over these axes; undefined where they are not neighbours. */
function reduction(shape: number[], axis: number | number[], keepDims: boolean): Reduction | undefined {
  const axes = tf.util.parseAxisParam(axis, shape).sort((a, b) => a - b);
  const first = axes[0] ?? 0;
  const end = first + axes.length;
  if (axes.some((axis, i) => axis !== first + i)) return undefined;
  const size = (dims: number[]) => tf.util.sizeFromShape(dims);
  const kept = axes.map(() => 1);
  return {
    outer: size(shape.slice(0, first)),
    reduced: size(shape.slice(first, end)),
    inner: size(shape.slice(end)),
    shape: [...shape.slice(0, first), ...(keepDims ? kept : []), ...shape.slice(end)],
  };
}

/** Sums times a factor over the middle axis: [outer, rows, inner] to [outer, inner], inner above 1. */
export function sumColumns(
  backend: SimdBackend,
  from: number,
  to: number,
  [outer, rows, inner]: readonly [number, number, number],
  factor: number,
): void {
  const rowsPerSlice = Math.max(1, Math.ceil(CHUNK / inner), Math.ceil(rows / 64));
  const slices = Math.ceil(rows / rowsPerSlice);
  backend.lend(outer * slices * inner * 4, 'a sum', (space) => {
    backend.runtime.run(SUM_COLUMNS, outer * slices, [from, space, rows, inner, rowsPerSlice, slices]);
    const perChunk = 1024;
    const chunks = outer * Math.ceil(inner / perChunk);
    backend.runtime.run(ADD_SLICES, chunks, [space, to, slices, inner, inner, float(factor), perChunk]);
  });
}

function reduceRows(
  backend: SimdBackend,
  from: number,
  to: number,
  rows: number,
  inner: number,
  factor: number,
  largest: boolean,
): void {
  const perChunk = Math.max(1, Math.floor(CHUNK / inner));
  backend.runtime.run(REDUCE_ROWS, Math.ceil(rows / perChunk), [
    ...[from, to, rows, inner, perChunk, float(factor), Number(largest)],
  ]);
}

function reduceKernel(name: 'Sum' | 'Mean' | 'Max'): Kernel {
  return (args) => {
    const { inputs, backend, attrs } = args;
    const x = inputs['x']!;
    // tfjs names the axes differently for its three reductions.
    const axis = (attrs['axis'] ?? attrs['reductionIndices']) as number | number[];
    const found = reduction(x.shape, axis, attrs['keepDims'] as boolean);
    const possible = found && found.reduced > 0 && (found.inner === 1 || name !== 'Max');
    if (!isFloat32(x) || !possible) return fallback(name, args);
    const { outer, reduced, inner, shape } = found;
    const out = backend.allocate(shape, 'float32');
    const [from, to] = [backend.address(x), backend.address(out)];
    const factor = name === 'Mean' ? 1 / reduced : 1;
    if (inner === 1) reduceRows(backend, from, to, outer, reduced, factor, name === 'Max');
    else sumColumns(backend, from, to, [outer, reduced, inner], factor);
    return out;
  };
}

const softmax: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const logits = inputs['logits']!;
  const inner = logits.shape.at(-1) ?? 1;
  const dim = attrs['dim'] as number;
  if (!isFloat32(logits) || (dim !== -1 && dim !== logits.shape.length - 1)) return fallback('Softmax', args);
  const out = backend.allocate(logits.shape, 'float32');
  const rows = tf.util.sizeFromShape(logits.shape) / Math.max(1, inner);
  const perChunk = Math.max(1, Math.floor(CHUNK / Math.max(1, inner)));
  backend.runtime.run(SOFTMAX, Math.ceil(rows / perChunk), [
    ...[backend.address(logits), backend.address(out), rows, inner, perChunk],
  ]);
  return out;
};

/** Sums, means, largest values and softmax. */
export const reduceKernels: Kernels = {
  Sum: reduceKernel('Sum'),
  Mean: reduceKernel('Mean'),
  Max: reduceKernel('Max'),
  Softmax: softmax,
};
