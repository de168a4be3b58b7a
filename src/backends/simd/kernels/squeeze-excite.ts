import type * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import { activationEpilogue, noEpilogue, type Epilogue } from '../convolution.js';
import type { Kernel, Kernels } from '../kernel.js';
import { ADD_SLICES, SCALE_IMAGES, SUM_PRODUCTS } from '../kernel-ids.js';
import * as operation from '../operation-ids.js';
import { float } from '../runtime.js';
import { binary, unary } from './elementwise.js';
import { batchMatMul } from './matmul.js';
import { sumColumns } from './reduce.js';

// Kernels that tfjs does not have; see `core/kernels.ts`.

/** Floats that are worth a separate chunk. */
const CHUNK = 16384;

type Inputs = Readonly<Record<string, tf.TensorInfo>>;

/** The activations that may stand between the two products, as operations and with their slopes. */
const activations: Readonly<Record<string, { operation: number; slope: (x: number) => number }>> = {
  relu: { operation: operation.RELU, slope: (x) => (x <= 0 ? 0 : 1) },
  relu6: { operation: operation.RELU6, slope: (x) => (x <= 0 || x >= 6 ? 0 : 1) },
  sigmoid: { operation: operation.SIGMOID, slope: (x) => sigmoid(x) * (1 - sigmoid(x)) },
  swish: { operation: operation.SWISH, slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) },
};

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** A tensor's values as a matrix. */
function matrix({ dataId, dtype }: tf.TensorInfo, rows: number, columns: number): tf.TensorInfo {
  return { dataId, dtype, shape: [rows, columns] };
}

/** a b, or with one of them transposed. */
function product(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA = false, transposeB = false, epilogue = noEpilogue as Epilogue, keep = false } = {},
): tf.TensorInfo {
  return batchMatMul(backend, a, b, { transposeA, transposeB }, epilogue, keep)!;
}

const squeezeExcite: Kernel = ({ inputs, backend, attrs }) => {
  const { x, reduceWeight, reduceBias, expandWeight, expandBias } = inputs as Inputs;
  const [images, height, width, channels] = x!.shape as [number, number, number, number];
  const squeezed = reduceBias!.shape[0]!;
  const mean = backend.allocate([images, channels], 'float32');
  const pixels = height * width;
  const [from, to] = [x!, mean].map((tensor) => backend.address(tensor)) as [number, number];
  sumColumns(backend, from, to, [images, pixels, channels], 1 / pixels);
  const reduced = product(backend, mean, matrix(reduceWeight!, channels, squeezed), {
    epilogue: { ...noEpilogue, bias: backend.address(reduceBias!) },
    keep: true,
  });
  const active = unary(backend, activations[attrs['activation'] as string]!.operation, reduced);
  const gate = product(backend, active, matrix(expandWeight!, squeezed, channels), {
    epilogue: { ...activationEpilogue('sigmoid')!, bias: backend.address(expandBias!) },
    keep: true,
  });
  backend.disposeData(active.dataId);
  const y = binary(backend, operation.MULTIPLY, x!, { ...gate, shape: [images, 1, 1, channels] })!;
  return [y, mean, reduced, gate];
};

/** The sums of a * b over the pixels of each image. */
function sumProducts(backend: SimdBackend, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const [images, height, width, channels] = a.shape as [number, number, number, number];
  const out = backend.allocate([images, channels], 'float32');
  const pixels = height * width;
  const perSlice = Math.max(1, Math.ceil(CHUNK / channels), Math.ceil(pixels / 64));
  const slices = Math.ceil(pixels / perSlice);
  backend.lend(images * slices * channels * 4, 'a sum', (space) => {
    const sums = [space, pixels, channels, perSlice, slices, backend.address(b)];
    backend.runtime.run(SUM_PRODUCTS, images * slices, [backend.address(a), ...sums]);
    const perChunk = 1024;
    backend.runtime.run(ADD_SLICES, images * Math.ceil(channels / perChunk), [
      ...[space, backend.address(out), slices, channels, channels, float(1), perChunk],
    ]);
  });
  return out;
}

/** Multiplies gradients [images, columns] by slopes, value by value, in place, and gives the sums of their columns. */
function throughSlope(
  backend: SimdBackend,
  gradient: tf.TensorInfo,
  of: tf.TensorInfo,
  slope: (x: number) => number,
): tf.TensorInfo {
  const [images, columns] = gradient.shape as [number, number];
  const sums = backend.allocate([columns], 'float32');
  const [gradients, values] = [gradient, of].map((tensor) =>
    backend.floats(backend.address(tensor), images * columns),
  ) as [Float32Array, Float32Array];
  const totals = new Float64Array(columns);
  for (let i = 0; i < gradients.length; i++) {
    gradients[i] = gradients[i]! * slope(values[i]!);
    totals[i % columns]! += gradients[i]!;
  }
  backend.floats(backend.address(sums), columns).set(totals);
  return sums;
}

const squeezeExciteGrad: Kernel = ({ inputs, backend, attrs }) => {
  const { x, dy, mean, reduced, gate, reduceWeight, expandWeight } = inputs as Inputs;
  const [images, height, width, channels] = x!.shape as [number, number, number, number];
  const squeezed = reduced!.shape[1]!;
  const pixels = height * width;
  const { operation, slope } = activations[attrs['activation'] as string]!;

  const dGate = sumProducts(backend, x!, dy!);
  const dExpandBias = throughSlope(backend, dGate, gate!, (s) => s * (1 - s));
  const active = unary(backend, operation, reduced!);
  const dExpandWeight = product(backend, active, dGate, { transposeA: true });
  const dReduced = product(backend, dGate, matrix(expandWeight!, squeezed, channels), { transposeB: true });
  const dReduceBias = throughSlope(backend, dReduced, reduced!, slope);
  const dReduceWeight = product(backend, mean!, dReduced, { transposeA: true });
  const dMean = product(backend, dReduced, matrix(reduceWeight!, channels, squeezed), { transposeB: true });
  const addends = backend.floats(backend.address(dMean), images * channels);
  for (let i = 0; i < addends.length; i++) addends[i]! /= pixels;

  const dx = backend.allocate(x!.shape, 'float32');
  const rows = images * pixels;
  const perChunk = Math.max(1, Math.ceil(CHUNK / channels));
  const addresses = [gate!, dMean].map((tensor) => backend.address(tensor));
  backend.runtime.run(SCALE_IMAGES, Math.ceil(rows / perChunk), [
    ...[backend.address(dy!), backend.address(dx), rows, channels, perChunk, ...addresses, pixels],
  ]);
  for (const { dataId } of [dGate, active, dReduced, dMean]) backend.disposeData(dataId);
  return [
    dx,
    { ...dReduceWeight, shape: reduceWeight!.shape },
    dReduceBias,
    { ...dExpandWeight, shape: expandWeight!.shape },
    dExpandBias,
  ];
};

/** Squeeze-excitation and its gradient. */
export const squeezeExciteKernels: Kernels = {
  SqueezeExcite: squeezeExcite,
  SqueezeExciteGrad: squeezeExciteGrad,
};
