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

/** One product of matrices, [rows, depth] by [depth, columns], in floats from one row to the next. */
interface Product {
  readonly a: number;
  readonly b: number;
  readonly to: number;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function multiply(backend: SimdBackend, product: Product, epilogue: Epilogue): void {
  const { a, b, to, rows, depth, columns, transposeA, transposeB } = product;
  const bytes = packedBytes(1, depth, columns);
  const transposed = transposeA ? rows * depth * 4 : 0;
  backend.lend(bytes + transposed, 'a matrix product', (packed) => {
    const [depthStep, columnStep] = transposeB ? [1, depth] : [columns, 1];
    packMatrix(backend, { address: b, depth, columns, tapStep: 0, depthStep, columnStep }, [0], packed);
    let address = a;
    if (transposeA) {
      address = packed + bytes;
      copyGrid(backend, a, address, [1, 1, rows, depth], [0, 0, 1, rows], [0, 0, depth, 1]);
    }
    const image = { address, batch: 1, height: 1, width: rows, pitch: depth };
    const grid = {
      height: 1,
      width: rows,
      strideY: 1,
      strideX: 1,
      taps: [[0, 0]] as const,
      outHeight: 1,
      outWidth: rows,
    };
    convolve(backend, image, { address: packed, run: depth, columns }, grid, to, epilogue);
  });
}

/** The product of the last two axes; undefined where shapes or types are not what these kernels do. */
function batchMatMul(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  attrs: tf.NamedAttrMap,
  epilogue: Epilogue,
): tf.TensorInfo | undefined {
  const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
  const shape = a.shape.slice(0, -2);
  if (!isFloat32(a, b) || !tf.util.arraysEqual(shape, b.shape.slice(0, -2))) return undefined;
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [bDepth, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (depth !== bDepth || rows * columns * depth === 0) return undefined;
  const out = backend.allocate([...shape, rows, columns], 'float32');
  for (let i = 0; i < tf.util.sizeFromShape(shape); i++) {
    const product = {
      a: backend.address(a) + i * rows * depth * 4,
      b: backend.address(b) + i * depth * columns * 4,
      to: backend.address(out) + i * rows * columns * 4,
      ...{ rows, depth, columns, transposeA, transposeB },
    };
    multiply(backend, product, epilogue);
  }
  return out;
}

const batchMatMulKernel: Kernel = (args) =>
  batchMatMul(args.backend, args.inputs['a']!, args.inputs['b']!, args.attrs, noEpilogue) ??
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
    batchMatMul(backend, a, b, attrs, { ...epilogue, ...(bias && { bias: backend.address(bias) }) });
  return product || fallback('_FusedMatMul', args);
};

/** Products of matrices. */
export const matMulKernels: Kernels = { BatchMatMul: batchMatMulKernel, _FusedMatMul: fusedMatMul };
