import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from '../backend.js';
import { fallback, isFilled, type Kernel, type Kernels } from '../kernel.js';
import { flatWorkgroups } from '../wgsl/buffers.js';
import {
  exciteGradientSource,
  exciteSource,
  exciteWorkgroups,
  gateGradientSource,
  meanSource,
  pixelSums,
  squeezeWeightsSource,
} from '../wgsl/squeeze-excite.js';

/** The means over the pixels of each image, [images, channels]. */
function imageMeans(backend: WebgpuBackend, x: tf.TensorInfo): tf.TensorInfo {
  const [images, height, width, channels] = x.shape as [number, number, number, number];
  const mean = backend.allocate([images, channels]);
  const { sums, workgroups } = pixelSums(
    images,
    height * width,
    channels,
    backend.processor.reductionThreads,
  );
  backend.run({ key: `mean ${Object.values(sums)}`, source: () => meanSource(sums), workgroups }, [x, mean]);
  return mean;
}

const mean: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const { axis, keepDims } = attrs as unknown as tf.MeanAttrs;
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const isOfImages = x.shape.length === 4 && axes.length === 2 && axes.includes(1) && axes.includes(2);
  if (!isOfImages || !isFilled(x) || !backend.holdsFloats(x)) return fallback('Mean', args);
  const result = imageMeans(backend, x);
  const [images, , , channels] = x.shape as [number, number, number, number];
  return keepDims ? { ...result, shape: [images, 1, 1, channels] } : result;
};

/** See `core/kernels.ts`. */
const squeezeExcite: Kernel = ({ inputs, backend, attrs }) => {
  const { x, reduceWeight, reduceBias, expandWeight, expandBias } = inputs as Record<string, tf.TensorInfo>;
  const [images, height, width, channels] = x!.shape as [number, number, number, number];
  const squeezed = reduceBias!.shape[0]!;
  const means = imageMeans(backend, x!);
  const y = backend.allocate(x!.shape);
  const reduced = backend.allocate([images, squeezed]);
  const gate = backend.allocate([images, channels]);
  const sizes = { pixels: height * width, channels, squeezed, activation: attrs['activation'] as string };
  const program = {
    key: `excite ${Object.values(sizes)}`,
    source: () => exciteSource(sizes),
    workgroups: exciteWorkgroups(images, sizes),
  };
  backend.run(program, [x!, means, reduceWeight!, reduceBias!, expandWeight!, expandBias!, y, reduced, gate]);
  return [y, means, reduced, gate];
};

/** See `core/kernels.ts`. */
const squeezeExciteGrad: Kernel = ({ inputs, backend, attrs }) => {
  const { x, dy, mean, reduced, gate, reduceWeight, expandWeight } = inputs as Record<string, tf.TensorInfo>;
  const [images, height, width, channels] = x!.shape as [number, number, number, number];
  const squeezed = reduced!.shape[1]!;
  const pixels = height * width;
  const sizes = { pixels, channels, squeezed, activation: attrs['activation'] as string };
  const key = Object.values(sizes);
  const dGate = backend.allocate([images, channels]);
  const { sums, workgroups } = pixelSums(images, pixels, channels, backend.processor.reductionThreads);
  backend.run(
    { key: `gate gradient ${Object.values(sums)}`, source: () => gateGradientSource(sums), workgroups },
    [x!, dy!, gate!, dGate],
  );
  const dx = backend.allocate(x!.shape);
  const dReduced = backend.allocate([images, squeezed]);
  backend.run(
    {
      key: `excite gradient ${key}`,
      source: () => exciteGradientSource(sizes),
      workgroups: exciteWorkgroups(images, sizes),
    },
    [dy!, gate!, dGate, reduced!, expandWeight!, reduceWeight!, dx, dReduced],
  );
  const shapes = [reduceWeight!.shape, [squeezed], expandWeight!.shape, [channels]];
  const gradients = shapes.map((shape) => backend.allocate(shape));
  backend.run(
    {
      key: `squeeze weights ${key}`,
      source: () => squeezeWeightsSource(sizes),
      workgroups: flatWorkgroups(channels * squeezed),
    },
    [mean!, reduced!, dGate, dReduced, ...gradients],
  );
  for (const { dataId } of [dGate, dReduced]) backend.disposeData(dataId);
  return [dx, ...gradients];
};

/** Means over images, and squeeze-excitation. */
export const squeezeExciteKernels: Kernels = {
  Mean: mean,
  SqueezeExcite: squeezeExcite,
  SqueezeExciteGrad: squeezeExciteGrad,
};
