import * as tf from '@tensorflow/tfjs-core';
import { fallback, isFilled, type Kernel, type KernelArguments, type Kernels } from '../kernel.js';
import { isActivation } from '../wgsl/buffers.js';
import { matMulSource } from '../wgsl/matmul.js';
import { tileKey } from '../wgsl/tiles.js';

/** The product of the last two axes; undefined where shapes or types are not what this kernel does. */
function matMul({ inputs, backend, attrs }: KernelArguments, activation: string): tf.TensorInfo | undefined {
  const { a, b, bias } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo; bias?: tf.TensorInfo };
  const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
  const tensors = [a, b, ...(bias ? [bias] : [])];
  if (a.shape.length < 2 || b.shape.length < 2 || inputs['preluActivationWeights']) return undefined;
  if (!isActivation(activation) || !isFilled(...tensors) || !backend.holdsFloats(...tensors))
    return undefined;
  const batch = a.shape.slice(0, -2);
  if (!tf.util.arraysEqual(batch, b.shape.slice(0, -2))) return undefined;
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const columns = transposeB ? bRows : bColumns;
  if (bias && tf.util.sizeFromShape(bias.shape) !== columns) return undefined;
  const count = tf.util.sizeFromShape(batch);
  const y = backend.allocate([...batch, rows, columns]);
  const sizes = { rows, depth, columns, count, transposeA, transposeB };
  const tile = backend.chooseTile(sizes);
  const epilogue = { bias: bias !== undefined, residual: false, activation };
  // One product of any number of rows takes the same program, unless they lie next to each other.
  const keyed = count > 1 || transposeA ? sizes : { ...sizes, rows: 0 };
  const program = {
    key: `product ${Object.values(keyed)} ${Object.values(epilogue)} ${tileKey(tile)}`,
    source: () => matMulSource(sizes, tile, epilogue),
    workgroups: [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows), count] as const,
  };
  backend.run(program, [...tensors, y]);
  return y;
}

const batchMatMul: Kernel = (args) => matMul(args, 'linear') ?? fallback('BatchMatMul', args);

const fusedMatMul: Kernel = (args) =>
  matMul(args, args.attrs['activation'] as string) ?? fallback('_FusedMatMul', args);

/** Products of matrices. */
export const matMulKernels: Kernels = { BatchMatMul: batchMatMul, _FusedMatMul: fusedMatMul };
