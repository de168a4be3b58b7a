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

/** Floats that are worth a separate chunk. */
const CHUNK = 16384;
/** Most slices of a sum over rows: so many that one stays in the second cache, few enough to add up. */
const SLICES = 128;
/** Channels of a chunk of JOIN_MOMENTS. */
const JOINED_CHANNELS = 128;

/** What follows a normalisation in the same pass. */
interface Then {
  readonly low: number;
  readonly high: number;
  /** Whether swish follows; then nothing is clamped. */
  readonly swish?: boolean;
  /** Is added before the activation. */
  readonly shortcut?: tf.TensorInfo;
}

/** y = activation((x - mean) * scale + shift + shortcut), channel by channel. */
function affine(
  backend: SimdBackend,
  x: tf.TensorInfo,
  out: tf.TensorInfo,
  [mean, scale, shift]: readonly [number, number, number],
  { low, high, swish = false, shortcut }: Then,
): void {
  const channels = x.shape.at(-1)!;
  const rows = tf.util.sizeFromShape(x.shape) / channels;
  const perChunk = Math.max(1, Math.ceil(CHUNK / channels));
  backend.runtime.run(AFFINE, Math.ceil(rows / perChunk), [
    ...[backend.address(x), backend.address(out), rows, channels, perChunk, mean, scale, shift],
    ...[float(low), float(high), shortcut ? backend.address(shortcut) : 0, Number(swish)],
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
    const unclamped = { low: -Infinity, high: Infinity };
    affine(backend, x!, out, [backend.address(mean!), space, shift], unclamped);
  });
  return out;
};

/** How many rows a slice of a sum has, of how many slices, and the floats of a line of channels in them. */
function slicesOf(rows: number, channels: number) {
  const rowsPerSlice = Math.max(Math.ceil(CHUNK / channels), Math.ceil(rows / SLICES));
  return { rowsPerSlice, slices: Math.ceil(rows / rowsPerSlice), padded: Math.ceil(channels / 4) * 4 };
}

/** A running statistic after a step, rounded as the operations of tfjs that the layer composes elsewhere. */
function moved(
  backend: SimdBackend,
  running: tf.TensorInfo,
  batch: tf.TensorInfo,
  momentum: number,
  correction: number,
): tf.TensorInfo {
  const channels = running.shape[0]!;
  const out = backend.allocate([channels], 'float32');
  const [old, values, to] = [running, batch, out].map((t) => backend.floats(backend.address(t), channels));
  const { fround } = Math;
  const [keep, rest, factor] = [fround(momentum), fround(1 - momentum), fround(correction)];
  for (let c = 0; c < channels; c++) {
    to![c] = fround(old![c]! * keep) + fround(fround(values![c]! * factor) * rest);
  }
  return out;
}

/** Batch norm of training, and what follows it. See `core/kernels.ts`. */
const batchNormTraining: Kernel = ({ inputs, backend, attrs }) => {
  const { x, scale, offset, shortcut, runningMean, runningVariance } = inputs as Record<
    string,
    tf.TensorInfo
  >;
  const { epsilon, low, high, swish, momentum, unbiased } = attrs as Record<string, number>;
  const channels = x!.shape.at(-1)!;
  const rows = tf.util.sizeFromShape(x!.shape) / channels;
  const [mean, variance, inverseDeviation] = [0, 1, 2].map(() => backend.allocate([channels], 'float32'));
  const out = backend.allocate(x!.shape, 'float32');
  const { rowsPerSlice, slices, padded } = slicesOf(rows, channels);
  backend.lend((slices * 2 + 1) * padded * 4, 'a batch norm', (space) => {
    backend.runtime.run(MOMENT_SLICES, slices, [backend.address(x!), space, rows, channels, rowsPerSlice]);
    const moments = [mean!, variance!, inverseDeviation!].map((tensor) => backend.address(tensor));
    backend.runtime.run(JOIN_MOMENTS, Math.ceil(channels / JOINED_CHANNELS), [
      ...[space, slices, rows, channels, rowsPerSlice, ...moments, float(epsilon!), JOINED_CHANNELS],
    ]);
    const factorsAt = space + slices * 2 * padded * 4;
    multiplyInto(backend, factorsAt, scale!, inverseDeviation!);
    const then = { low: low!, high: high!, swish: Boolean(swish), ...(shortcut && { shortcut }) };
    affine(backend, x!, out, [moments[0]!, factorsAt, backend.address(offset!)], then);
  });
  const outputs = [out, mean!, variance!, inverseDeviation!];
  if (!runningMean) return outputs;
  const correction = unbiased ? rows / (rows - 1) : 1;
  return [
    ...outputs,
    moved(backend, runningMean, mean!, momentum!, 1),
    moved(backend, runningVariance!, variance!, momentum!, correction),
  ];
};

/** The products of two tensors of one axis, to an address. */
function multiplyInto(backend: SimdBackend, to: number, a: tf.TensorInfo, b: tf.TensorInfo): Float32Array {
  const channels = a.shape[0]!;
  const products = backend.floats(to, channels);
  const [as, bs] = [a, b].map((tensor) => backend.floats(backend.address(tensor), channels));
  for (let c = 0; c < channels; c++) products[c] = as![c]! * bs![c]!;
  return products;
}

/** The gradients of x, scale, offset and shortcut of {@link batchNormTraining}. See `core/kernels.ts`. */
const batchNormTrainingGrad: Kernel = ({ inputs, backend, attrs }) => {
  const { x, dy, y, scale, offset, mean, inverseDeviation } = inputs as Record<string, tf.TensorInfo>;
  const { low, high, swish, shortcut } = attrs as Record<string, number>;
  const channels = x!.shape.at(-1)!;
  const rows = tf.util.sizeFromShape(x!.shape) / channels;
  const dx = backend.allocate(x!.shape, 'float32');
  const dScale = backend.allocate([channels], 'float32');
  const dOffset = backend.allocate([channels], 'float32');
  const dShortcut = shortcut ? backend.allocate(x!.shape, 'float32') : undefined;
  const { rowsPerSlice, slices, padded } = slicesOf(rows, channels);
  const line = padded * 4;
  const [xAt, dyAt, meanAt] = [x!, dy!, mean!].map((tensor) => backend.address(tensor));
  backend.lend((slices * 2 + 5) * line, 'the gradient of a batch norm', (space) => {
    const sums = space + slices * 2 * line;
    const [factorsAt, aAt, bAt] = [2, 3, 4].map((i) => sums + i * line) as [number, number, number];
    multiplyInto(backend, factorsAt, scale!, inverseDeviation!);
    // With swish, its gradient is computed once, into dx, of which the second job makes dx.
    const swished = swish ? backend.address(dx) : 0;
    const shift = swish ? backend.address(offset!) : 0;
    const clamp = [y ? backend.address(y) : 0, float(low!), float(high!)];
    backend.runtime.run(GRADIENT_SLICES, slices, [
      ...[xAt!, dyAt!, space, rows, channels, rowsPerSlice, meanAt!, factorsAt, swished, shift, ...clamp],
    ]);
    const perChunk = 2 * padded;
    backend.runtime.run(ADD_SLICES, 1, [space, sums, slices, 2 * padded, 2 * padded, float(1), perChunk]);
    const floats = (address: number) => backend.floats(address, channels);
    const [sum, product, a, b] = [sums, sums + line, aAt, bAt].map(floats);
    const inverse = floats(backend.address(inverseDeviation!));
    const [dScales, dOffsets] = [dScale, dOffset].map((t) => floats(backend.address(t)));
    for (let c = 0; c < channels; c++) {
      const inverseDeviation = inverse[c]!;
      dOffsets![c] = sum![c]!;
      dScales![c] = product![c]! * inverseDeviation;
      a![c] = sum![c]! / rows;
      b![c] = (product![c]! * inverseDeviation * inverseDeviation) / rows;
    }
    const rowsPerChunk = Math.max(1, Math.ceil(CHUNK / channels));
    backend.runtime.run(NORM_GRADIENT, Math.ceil(rows / rowsPerChunk), [
      ...[xAt!, swished || dyAt!, backend.address(dx), rows, channels, rowsPerChunk, meanAt!],
      ...[factorsAt, aAt, bAt, ...clamp, dShortcut ? backend.address(dShortcut) : 0],
    ]);
  });
  return [dx, dScale, dOffset, ...(dShortcut ? [dShortcut] : [])];
};

/** Batch normalisation. */
export const batchNormKernels: Kernels = {
  FusedBatchNorm: fusedBatchNorm,
  BatchNormTraining: batchNormTraining,
  BatchNormTrainingGrad: batchNormTrainingGrad,
};
