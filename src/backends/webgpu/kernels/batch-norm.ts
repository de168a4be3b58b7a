import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from '../backend.js';
import type { Kernel, Kernels } from '../kernel.js';
import { allocateList } from '../lists.js';
import {
  momentsSource,
  normalizeSource,
  normGradientSource,
  normGradientSumsSource,
  normShape,
  normWorkgroups,
  type NormEnd,
} from '../wgsl/batch-norm.js';

/** Slices of a sum over rows, at most: every workgroup of the next program adds them up. */
const MOST_SLICES = 128;
/** Rows of a slice, and of a workgroup that writes rows, at least. */
const LEAST_ROWS = 64;

/** Into how many slices the sums go, and into how many chunks the rows that are written. */
function divide(backend: WebgpuBackend, rows: number, channels: number) {
  const shape = normShape(channels, backend.processor.reductionThreads);
  const [blocks] = normWorkgroups(channels, shape, 1);
  const part = (count: number) => Math.ceil(Math.max(1, Math.min(count / blocks, rows / LEAST_ROWS)));
  return {
    shape,
    slices: Math.min(MOST_SLICES, part(backend.processor.enoughWorkgroups)),
    chunks: part(backend.processor.enoughWorkgroups * 4),
  };
}

function endOf(attrs: tf.NamedAttrMap, hasShortcut: boolean): NormEnd {
  const { low, high, swish } = attrs as Record<string, number>;
  return { low: low!, high: high!, swish: Boolean(swish), shortcut: hasShortcut };
}

/** See `core/kernels.ts`. */
const batchNormTraining: Kernel = ({ inputs, backend, attrs }) => {
  const { x, scale, offset, shortcut, runningMean, runningVariance } = inputs as Record<
    string,
    tf.TensorInfo
  >;
  const { epsilon, momentum, unbiased } = attrs as Record<string, number>;
  const channels = x!.shape.at(-1)!;
  const { shape, slices, chunks } = divide(backend, tf.util.sizeFromShape(x!.shape) / channels, channels);
  const moments = backend.allocate([2, slices, channels]);
  const y = backend.allocate(x!.shape);
  const { buffer, tensors } = allocateList(backend, Array<number[]>(3).fill([channels]));
  const running = runningMean && { momentum: momentum!, unbiased: Boolean(unbiased) };
  const moved = runningMean ? [runningMean, runningVariance!].map((tensor) => backend.forChange(tensor)) : [];
  const end = endOf(attrs, shortcut !== undefined);
  backend.run(
    {
      key: `moments ${Object.values(shape)}`,
      source: () => momentsSource(shape),
      workgroups: normWorkgroups(channels, shape, slices),
    },
    [x!, moments],
  );
  const settings = { epsilon: epsilon!, running };
  const isRunning = running ? Object.values(running) : '';
  backend.run(
    {
      key: `normalize ${Object.values(shape)} ${Object.values(end)} ${epsilon} ${isRunning}`,
      source: () => normalizeSource(shape, end, settings),
      workgroups: normWorkgroups(channels, shape, chunks),
    },
    [x!, moments, scale!, offset!, ...(shortcut ? [shortcut] : []), y, buffer, ...moved],
  );
  backend.disposeData(moments.dataId);
  return [y, ...tensors, ...moved];
};

/** See `core/kernels.ts`. */
const batchNormTrainingGrad: Kernel = ({ inputs, backend, attrs }) => {
  const { x, dy, y, scale, offset, mean, inverseDeviation } = inputs as Record<string, tf.TensorInfo>;
  const channels = x!.shape.at(-1)!;
  const { shape, slices, chunks } = divide(backend, tf.util.sizeFromShape(x!.shape) / channels, channels);
  const end = endOf(attrs, Boolean(attrs['shortcut']));
  const sums = backend.allocate([2, slices, channels]);
  const dx = backend.allocate(x!.shape);
  const dShortcut = end.shortcut ? backend.allocate(x!.shape) : undefined;
  const { buffer, tensors } = allocateList(backend, Array<number[]>(2).fill([channels]));
  const slope = end.swish ? [offset!] : end.low > -Infinity ? [y!] : [];
  const key = `${Object.values(shape)} ${Object.values(end)}`;
  backend.run(
    {
      key: `norm gradient sums ${key}`,
      source: () => normGradientSumsSource(shape, end),
      workgroups: normWorkgroups(channels, shape, slices),
    },
    [
      ...[x!, dy!, ...slope, mean!, ...(end.swish ? [scale!, inverseDeviation!] : []), sums],
      ...(dShortcut ? [dShortcut] : []),
    ],
  );
  backend.run(
    {
      key: `norm gradient ${key}`,
      source: () => normGradientSource(shape, end),
      workgroups: normWorkgroups(channels, shape, chunks),
    },
    [x!, ...(dShortcut ? [dShortcut] : [dy!, ...slope]), scale!, mean!, inverseDeviation!, sums, dx, buffer],
  );
  backend.disposeData(sums.dataId);
  return [dx, ...tensors, ...(dShortcut ? [dShortcut] : [])];
};

/** Batch norm of training. */
export const batchNormKernels: Kernels = {
  BatchNormTraining: batchNormTraining,
  BatchNormTrainingGrad: batchNormTrainingGrad,
};
