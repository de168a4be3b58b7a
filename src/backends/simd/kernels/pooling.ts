import * as tf from '@tensorflow/tfjs-core';
import { poolInfo, type WindowInfo } from '../../window-info.js';
import { fallback, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { AVERAGE_POOL_GRADIENT, MAX_POOL_GRADIENT, POOL } from '../kernel-ids.js';

/** Groups of four channels of a chunk of MAX_POOL_GRADIENT: a cache line. */
const VECTORS = 4;

/** Arguments 3 to 16 of every job. */
function sizes(info: WindowInfo): number[] {
  return [
    ...[info.batchSize, info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth],
    ...[info.strideHeight, info.strideWidth, info.effectiveFilterHeight, info.effectiveFilterWidth, 1, 1],
    ...[info.padInfo.top, info.padInfo.left],
  ];
}

function poolKernel(name: string, mean: boolean): Kernel {
  return (args) => {
    const { inputs, backend, attrs } = args;
    const x = inputs['x']!;
    if (!isFloat32(x)) return fallback(name, args);
    const info = poolInfo(x.shape, attrs);
    // Cpu takes these for the identity, and tfjs's tests want it so.
    const single = info.filterHeight === 1 && info.filterWidth === 1;
    if (single && tf.util.arraysEqual(info.inShape, info.outShape)) return fallback(name, args);
    const out = backend.allocate(info.outShape, 'float32');
    backend.runtime.run(POOL, info.batchSize * info.outHeight, [
      ...[backend.address(x), backend.address(out), Number(mean), ...sizes(info)],
    ]);
    return out;
  };
}

const maxPoolGrad: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const dy = inputs['dy']!;
  const input = inputs['input']!;
  if (!isFloat32(dy, input)) return fallback('MaxPoolGrad', args);
  const info = poolInfo(input.shape, attrs);
  const dx = backend.allocate(input.shape, 'float32');
  const groups = Math.ceil(info.inChannels / 4 / VECTORS);
  backend.runtime.run(MAX_POOL_GRADIENT, info.batchSize * groups, [
    ...[backend.address(input), backend.address(dy), backend.address(dx), ...sizes(info), VECTORS],
  ]);
  return dx;
};

const avgPoolGrad: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const dy = inputs['dy']!;
  const input = inputs['input']!;
  if (!isFloat32(dy)) return fallback('AvgPoolGrad', args);
  const info = poolInfo(input.shape, attrs);
  const dx = backend.allocate(input.shape, 'float32');
  backend.runtime.run(AVERAGE_POOL_GRADIENT, info.batchSize * info.inHeight, [
    ...[0, backend.address(dy), backend.address(dx), ...sizes(info)],
  ]);
  return dx;
};

/** Pooling and its gradients. */
export const poolingKernels: Kernels = {
  MaxPool: poolKernel('MaxPool', false),
  AvgPool: poolKernel('AvgPool', true),
  MaxPoolGrad: maxPoolGrad,
  AvgPoolGrad: avgPoolGrad,
};
