import * as tf from '@tensorflow/tfjs-core';
import { copyGrid, type Four } from '../copy.js';
import { fallback, isFloat32, type Kernel, type Kernels } from '../kernel.js';

/** Floats from one position of each axis to the next. */
function rowMajor(shape: readonly number[]): number[] {
  const steps: number[] = [];
  shape.reduceRight((step, size, axis) => {
    steps[axis] = step;
    return step * size;
  }, 1);
  return steps;
}

interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** A copy of axes, neighbours joined where both sides allow it: at most four axes, or undefined. */
function grid(axes: readonly Axis[]): { dims: Four; from: Four; to: Four } | undefined {
  const joined: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const last = joined.at(-1);
    if (last?.from === axis.from * axis.size && last.to === axis.to * axis.size) {
      joined[joined.length - 1] = { ...axis, size: last.size * axis.size };
    } else {
      joined.push(axis);
    }
  }
  if (joined.length > 4) return undefined;
  while (joined.length < 4) joined.unshift({ size: 1, from: 0, to: 0 });
  const four = (value: (axis: Axis) => number) => joined.map(value) as unknown as Four;
  return { dims: four(({ size }) => size), from: four(({ from }) => from), to: four(({ to }) => to) };
}

const transpose: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const perm = attrs['perm'] as number[];
  const shape = perm.map((axis) => x.shape[axis]!);
  const from = rowMajor(x.shape);
  const to = rowMajor(shape);
  const copy = grid(perm.map((axis, i) => ({ size: shape[i]!, from: from[axis]!, to: to[i]! })));
  if (!isFloat32(x) || !copy) return fallback('Transpose', args);
  const out = backend.allocate(shape, 'float32');
  copyGrid(backend, backend.address(x), backend.address(out), copy.dims, copy.from, copy.to);
  return out;
};

const slice: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const [begin, size] = tf.slice_util.parseSliceParams(
    x as tf.Tensor,
    attrs['begin'] as number[],
    attrs['size'] as number[],
  ) as [number[], number[]];
  tf.slice_util.assertParamsValid(x as tf.Tensor, begin, size);
  const from = rowMajor(x.shape);
  const to = rowMajor(size);
  const copy = grid(size.map((size, axis) => ({ size, from: from[axis]!, to: to[axis]! })));
  if (!isFloat32(x) || !copy) return fallback('Slice', args);
  const out = backend.allocate(size, 'float32');
  const offset = begin.reduce((sum, start, axis) => sum + start * from[axis]!, 0);
  copyGrid(backend, backend.address(x) + offset * 4, backend.address(out), copy.dims, copy.from, copy.to);
  return out;
};

const padV2: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const { paddings, constantValue } = attrs as unknown as tf.PadV2Attrs;
  const shape = x.shape.map((size, axis) => paddings[axis]![0] + size + paddings[axis]![1]);
  const from = rowMajor(x.shape);
  const to = rowMajor(shape);
  const copy = grid(x.shape.map((size, axis) => ({ size, from: from[axis]!, to: to[axis]! })));
  if (!isFloat32(x) || !copy || paddings.flat().some((pixels) => pixels < 0)) return fallback('PadV2', args);
  const out = backend.allocate(shape, 'float32');
  backend.fill(out, constantValue);
  const offset = paddings.reduce((sum, [before], axis) => sum + before * to[axis]!, 0);
  copyGrid(backend, backend.address(x), backend.address(out) + offset * 4, copy.dims, copy.from, copy.to);
  return out;
};

const concat: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const tensors = Object.values(inputs) as tf.TensorInfo[];
  const axis = tf.util.parseAxisParam(attrs['axis'] as number, tensors[0]!.shape)[0]!;
  if (!isFloat32(...tensors)) return fallback('Concat', args);
  const shapes = tensors.map(({ shape }) => shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const shape = tf.backend_util.computeOutShape(shapes, axis);
  const out = backend.allocate(shape, 'float32');
  const rows = tf.util.sizeFromShape(shape.slice(0, axis));
  const pitch = tf.util.sizeFromShape(shape.slice(axis));
  let to = backend.address(out);
  for (const tensor of tensors) {
    const run = tf.util.sizeFromShape(tensor.shape.slice(axis));
    copyGrid(backend, backend.address(tensor), to, [1, 1, rows, run], [0, 0, run, 1], [0, 0, pitch, 1]);
    to += run * 4;
  }
  return out;
};

const tile: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const reps = attrs['reps'] as number[];
  const shape = x.shape.map((size, axis) => size * reps[axis]!);
  const from = rowMajor(x.shape);
  const to = rowMajor(shape);
  const copy = grid(
    x.shape.flatMap((size, axis) => [
      { size: reps[axis]!, from: 0, to: size * to[axis]! },
      { size, from: from[axis]!, to: to[axis]! },
    ]),
  );
  if (!isFloat32(x) || !copy) return fallback('Tile', args);
  const out = backend.allocate(shape, 'float32');
  copyGrid(backend, backend.address(x), backend.address(out), copy.dims, copy.from, copy.to);
  return out;
};

/** What moves values and does not compute. */
export const shapeKernels: Kernels = {
  Transpose: transpose,
  Slice: slice,
  PadV2: padV2,
  Concat: concat,
  Tile: tile,
};
