import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import { fallback, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import {
  ADD_SLICES,
  AFFINE,
  GRADIENT_SLICES,
  JOIN_MOMENTS,
  MOMENT_SLICES,
  NORM_GRADIENT,
} from '../kernel-ids.js';
import { float } from '../runtime.js';

/** Floats that are worth a chunk of their own. */
const CHUNK = 16384;
/** Slices of a sum over rows: enough for any number of threads, few enough to add up. */
const SLICES = 32;
/** Channels of a chunk of JOIN_MOMENTS. */
const JOINED_CHANNELS = 128;

/** y = clamp((x - mean) * scale + shift), channel by channel. */
function affine(
  backend: SimdBackend,
  x: tf.TensorInfo,
  out: tf.TensorInfo,
  [mean, scale, shift]: readonly [number, number, number],
  low: number,
  high: number,
): void {
  const channels = x.shape.at(-1)!;
  const rows = tf.util.sizeFromShape(x.shape) / channels;
  const perChunk = Math.max(1, Math.ceil(CHUNK / channels));
  backend.runtime.run(AFFINE, Math.ceil(rows / perChunk), [
    ...[backend.address(x), backend.address(out), rows, channels, perChunk, mean, scale, shift],
    ...[float(low), float(high)],
  ]);
}

const fusedBatchNorm: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const { x, mean, variance, offset, scale } = inputs as Record<string, tf.TensorInfo>;
  const channels = x!.shape.at(-1)!;
  const parts = [x!, mean!, variance!, offset, scale].filter((part) => part !== undefined);
  const perChannel = parts.slice(1).every(({ shape }) => shape.length === 1 && shape[0] === channels);
  if (!isFloat32(...parts) || !perChannel) return fallback('FusedBatchNorm', args);
  const out = backend.allocate(x!.shape, 'float32');
  const epsilon = attrs['varianceEpsilon'] as number;
  backend.lend(channels * 8, 'a batch norm', (space) => {
    const factors = backend.floats(space, channels);
    const variances = backend.floats(backend.address(variance!), channels);
    const scales = scale && backend.floats(backend.address(scale), channels);
    for (let c = 0; c < channels; c++) {
      factors[c] = (scales ? scales[c]! : 1) / Math.sqrt(variances[c]! + epsilon);
    }
    const shift = offset ? backend.address(offset) : backend.zeros(channels * 4);
    affine(backend, x!, out, [backend.address(mean!), space, shift], -Infinity, Infinity);
  });
  return out;
};

/**
 * Batch norm of training, and an activation that clamps: x, scale and offset to y, mean, (biased) variance and
 * 1 / sqrt(variance + epsilon). See `core/kernels.ts`.
 */
const batchNormTraining: Kernel = ({ inputs, backend, attrs }) => {
  const { x, scale, offset } = inputs as { x: tf.TensorInfo; scale: tf.TensorInfo; offset: tf.TensorInfo };
  const { epsilon, low, high } = attrs as { epsilon: number; low: number; high: number };
  const channels = x.shape.at(-1)!;
  const rows = tf.util.sizeFromShape(x.shape) / channels;
  const [mean, variance, inverseDeviation] = [0, 1, 2].map(() => backend.allocate([channels], 'float32'));
  const out = backend.allocate(x.shape, 'float32');
  const rowsPerSlice = Math.max(Math.ceil(CHUNK / channels), Math.ceil(rows / SLICES));
  const slices = Math.ceil(rows / rowsPerSlice);
  const padded = Math.ceil(channels / 4) * 4;
  backend.lend((slices * 2 + 1) * padded * 4, 'a batch norm', (space) => {
    backend.runtime.run(MOMENT_SLICES, slices, [backend.address(x), space, rows, channels, rowsPerSlice]);
    const moments = [mean!, variance!, inverseDeviation!].map((tensor) => backend.address(tensor));
    backend.runtime.run(JOIN_MOMENTS, Math.ceil(channels / JOINED_CHANNELS), [
      ...[space, slices, rows, channels, rowsPerSlice, ...moments, float(epsilon), JOINED_CHANNELS],
    ]);
    const factorsAt = space + slices * 2 * padded * 4;
    const factors = backend.floats(factorsAt, channels);
    const scales = backend.floats(backend.address(scale), channels);
    const inverse = backend.floats(moments[2]!, channels);
    for (let c = 0; c < channels; c++) factors[c] = scales[c]! * inverse[c]!;
    affine(backend, x, out, [moments[0]!, factorsAt, backend.address(offset)], low, high);
  });
  return [out, mean!, variance!, inverseDeviation!];
};

/** The gradients of x, scale and offset of {@link batchNormTraining}; `y` is its output, given where it clamps. */
const batchNormTrainingGrad: Kernel = ({ inputs, backend, attrs }) => {
  const { x, dy, y, scale, mean, inverseDeviation } = inputs as Record<string, tf.TensorInfo>;
  const { low, high } = attrs as { low: number; high: number };
  const channels = x!.shape.at(-1)!;
  const rows = tf.util.sizeFromShape(x!.shape) / channels;
  const dx = backend.allocate(x!.shape, 'float32');
  const dScale = backend.allocate([channels], 'float32');
  const dOffset = backend.allocate([channels], 'float32');
  const rowsPerSlice = Math.max(Math.ceil(CHUNK / channels), Math.ceil(rows / SLICES));
  const slices = Math.ceil(rows / rowsPerSlice);
  const padded = Math.ceil(channels / 4) * 4;
  const line = padded * 4;
  const sources = [backend.address(x!), backend.address(dy!)];
  const mask = [y ? backend.address(y) : 0, float(low), float(high)];
  backend.lend((slices * 2 + 5) * line, 'the gradient of a batch norm', (space) => {
    backend.runtime.run(GRADIENT_SLICES, slices, [
      ...[...sources, space, rows, channels, rowsPerSlice, backend.address(mean!), 0, 0, 0, ...mask],
    ]);
    const sums = space + slices * 2 * line;
    const perChunk = 2 * padded;
    backend.runtime.run(ADD_SLICES, 1, [space, sums, slices, 2 * padded, 2 * padded, float(1), perChunk]);
    const [factorsAt, aAt, bAt] = [2, 3, 4].map((i) => sums + i * line) as [number, number, number];
    const floats = (address: number) => backend.floats(address, channels);
    const [sum, product, factors, a, b] = [sums, sums + line, factorsAt, aAt, bAt].map(floats);
    const [scales, inverse] = [scale!, inverseDeviation!].map((t) => floats(backend.address(t)));
    const [dScales, dOffsets] = [dScale, dOffset].map((t) => floats(backend.address(t)));
    for (let c = 0; c < channels; c++) {
      const inverseDeviation = inverse![c]!;
      dOffsets![c] = sum![c]!;
      dScales![c] = product![c]! * inverseDeviation;
      factors![c] = scales![c]! * inverseDeviation;
      a![c] = sum![c]! / rows;
      b![c] = (product![c]! * inverseDeviation * inverseDeviation) / rows;
    }
    const rowsPerChunk = Math.max(1, Math.ceil(CHUNK / channels));
    backend.runtime.run(NORM_GRADIENT, Math.ceil(rows / rowsPerChunk), [
      ...[...sources, backend.address(dx), rows, channels, rowsPerChunk, backend.address(mean!)],
      ...[factorsAt, aAt, bAt, ...mask],
    ]);
  });
  return [dx, dScale, dOffset];
};

/** Batch normalisation. */
export const batchNormKernels: Kernels = {
  FusedBatchNorm: fusedBatchNorm,
  BatchNormTraining: batchNormTraining,
  BatchNormTrainingGrad: batchNormTrainingGrad,
};
