import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import {
  activationEpilogue,
  convolve,
  noEpilogue,
  packedBytes,
  packMatrix,
  type Epilogue,
} from '../convolution.js';
import { copyGrid } from '../copy.js';
import { fallback, isFloat32, type Kernel, type Kernels } from '../kernel.js';

/** The sizes of products of matrices, [rows, depth] by [depth, columns]. */
interface Sizes {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

/** Multiplies by a packed matrix. */
function multiply(
  backend: SimdBackend,
  a: number,
  packed: number,
  to: number,
  { rows, depth, columns }: Sizes,
  epilogue: Epilogue,
): void {
  const image = { address: a, batch: 1, height: 1, width: rows, pitch: depth };
  const taps = [[0, 0]] as const;
  const grid = { height: 1, width: rows, strideY: 1, strideX: 1, taps, outHeight: 1, outWidth: rows };
  convolve(backend, image, { address: packed, run: depth, columns }, grid, to, epilogue);
}

/**
 * The product of the last two axes; undefined where shapes or types are not what these kernels do.
 * @param keep - Whether `b`, packed, is kept as long as it lives, since it is likely to be a layer's weights.
 */
export function batchMatMul(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  attrs: tf.NamedAttrMap,
  epilogue: Epilogue,
  keep: boolean,
): tf.TensorInfo | undefined {
  const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
  const shape = a.shape.slice(0, -2);
  if (a.shape.length < 2 || b.shape.length < 2) return undefined;
  if (!isFloat32(a, b) || !tf.util.arraysEqual(shape, b.shape.slice(0, -2))) return undefined;
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [bDepth, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (depth !== bDepth || rows * columns * depth === 0) return undefined;
  const out = backend.allocate([...shape, rows, columns], 'float32');
  const batch = tf.util.sizeFromShape(shape);
  const bytes = packedBytes(1, depth, columns);
  const [depthStep, columnStep] = transposeB ? [1, depth] : [columns, 1];

  const pack = (packed: number) => {
    for (let i = 0; i < batch; i++) {
      const address = backend.address(b) + i * depth * columns * 4;
      const layout = { address, depth, columns, tapStep: 0, depthStep, columnStep };
      packMatrix(backend, layout, [0], packed + i * bytes);
    }
  };
  const product = (packed: number, from: number) => {
    for (let i = 0; i < batch; i++) {
      const [at, to] = [from + i * rows * depth * 4, backend.address(out) + i * rows * columns * 4];
      multiply(backend, at, packed + i * bytes, to, { rows, depth, columns }, epilogue);
    }
  };
  const productOf = (packed: number) => {
    const from = backend.address(a);
    if (!transposeA) return product(packed, from);
    backend.lend(batch * rows * depth * 4, 'a transposed matrix', (transposed) => {
      const size = rows * depth;
      copyGrid(backend, from, transposed, [1, batch, rows, depth], [0, size, 1, rows], [0, size, depth, 1]);
      product(packed, transposed);
    });
  };
  if (keep) {
    productOf(backend.derive(b, `packed matrix ${transposeB}`, batch * bytes, pack));
  } else {
    backend.lend(batch * bytes, 'a packed matrix', (packed) => {
      pack(packed);
      productOf(packed);
    });
  }
  return out;
}

const batchMatMulKernel: Kernel = (args) =>
  batchMatMul(args.backend, args.inputs['a']!, args.inputs['b']!, args.attrs, noEpilogue, false) ??
  fallback('BatchMatMul', args);

const fusedMatMul: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const { a, b, bias } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo; bias?: tf.TensorInfo };
  const epilogue = activationEpilogue(attrs['activation'] as string);
  const columns = b.shape.at(attrs['transposeB'] ? -2 : -1);
  const biasFits = !bias || (isFloat32(bias) && tf.util.sizeFromShape(bias.shape) === columns);
  const product =
    epilogue &&
    biasFits &&
    batchMatMul(backend, a, b, attrs, { ...epilogue, ...(bias && { bias: backend.address(bias) }) }, true);
  return product || fallback('_FusedMatMul', args);
};

/** Products of matrices. */
export const matMulKernels: Kernels = { BatchMatMul: batchMatMulKernel, _FusedMatMul: fusedMatMul };
