import * as tf from '@tensorflow/tfjs-core';
import { poolInfo } from '../../window-info.js';
import { fallback, isFilled, type Kernel, type KernelArguments, type Kernels } from '../kernel.js';
import { flatWorkgroups, isActivation, lengthOf } from '../wgsl/buffers.js';
import {
  depthwiseFilterSource,
  depthwiseFilterThreads,
  depthwiseInputSource,
} from '../wgsl/depthwise-gradients.js';
import { depthwiseSource, poolSource, windowThreads } from '../wgsl/windows.js';
import { convolutionSizes, sizesKey } from './conv-info.js';
import { sumOfSlices } from './slices.js';

/** The sizes of a depthwise convolution, and the shape of its output. */
function depthwiseSizes(xShape: number[], filterShape: number[], attrs: tf.NamedAttrMap) {
  const { sizes, outShape } = convolutionSizes(xShape, filterShape, attrs, true);
  return { sizes: { ...sizes, channels: sizes.inChannels }, outShape };
}

/** A depthwise convolution; undefined where a channel has several filters, or for other types. */
function depthwise(
  { inputs, backend, attrs }: KernelArguments,
  activation: string,
): tf.TensorInfo | undefined {
  const { x, filter, bias } = inputs as Record<string, tf.TensorInfo | undefined>;
  const tensors = [x!, filter!, ...(bias ? [bias] : [])];
  const biasFits = !bias || tf.util.sizeFromShape(bias.shape) === filter!.shape[2];
  if (filter!.shape[3] !== 1 || !biasFits || !isFilled(...tensors) || !backend.holdsFloats(...tensors))
    return undefined;
  if (!isActivation(activation) || inputs['preluActivationWeights']) return undefined;
  const { sizes, outShape } = depthwiseSizes(x!.shape, filter!.shape, attrs);
  const y = backend.allocate(outShape);
  if (!isFilled(y)) return y;
  const ends = { bias: bias !== undefined, activation };
  const program = {
    key: `depthwise ${sizesKey(sizes)} ${Object.values(ends)}`,
    source: () => depthwiseSource(sizes, ends),
    workgroups: flatWorkgroups(windowThreads(sizes, outShape[0]!)),
  };
  backend.run(program, [...tensors, y]);
  return y;
}

const depthwiseConv2D: Kernel = (args) =>
  depthwise(args, 'linear') ?? fallback('DepthwiseConv2dNative', args);

const fusedDepthwiseConv2D: Kernel = (args) =>
  depthwise(args, args.attrs['activation'] as string) ?? fallback('FusedDepthwiseConv2D', args);

const backpropInput: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const [dy, filter] = [inputs['dy']!, inputs['filter']!];
  if (filter.shape[3] !== 1 || !isFilled(dy, filter) || !backend.holdsFloats(dy, filter))
    return fallback('DepthwiseConv2dNativeBackpropInput', args);
  const inputShape = attrs['inputShape'] as number[];
  const { sizes } = depthwiseSizes(inputShape, filter.shape, attrs);
  const dx = backend.allocate(inputShape);
  const program = {
    key: `depthwise input ${sizesKey(sizes)}`,
    source: () => depthwiseInputSource(sizes),
    workgroups: flatWorkgroups(
      tf.util.sizeFromShape(inputShape) / (sizes.channels / lengthOf(sizes.channels)),
    ),
  };
  backend.run(program, [dy, filter, dx]);
  return dx;
};

/** Threads that keep a workgroup's worth of processors busy, about. */
const THREADS_OF_WORKGROUP = 64;

const backpropFilter: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const [x, dy] = [inputs['x']!, inputs['dy']!];
  const filterShape = attrs['filterShape'] as number[];
  if (filterShape[3] !== 1 || !isFilled(x, dy) || !backend.holdsFloats(x, dy))
    return fallback('DepthwiseConv2dNativeBackpropFilter', args);
  const { sizes } = depthwiseSizes(x.shape, filterShape, attrs);
  const rows = dy.shape[0]! * dy.shape[1]!;
  const wanted =
    (backend.processor.enoughWorkgroups * THREADS_OF_WORKGROUP) / depthwiseFilterThreads(sizes, 1);
  const slices = Math.ceil(Math.max(1, Math.min(wanted, rows)));
  const program = {
    key: `depthwise filter ${sizesKey(sizes)} ${slices}`,
    source: () => depthwiseFilterSource(sizes, slices),
    workgroups: flatWorkgroups(depthwiseFilterThreads(sizes, slices)),
  };
  return sumOfSlices(backend, filterShape, slices, (parts) => backend.run(program, [x, dy, parts]));
};

function pool(kind: 'max' | 'mean'): Kernel {
  return (args) => {
    const { inputs, backend, attrs } = args;
    const x = inputs['x']!;
    if (!isFilled(x) || !backend.holdsFloats(x))
      return fallback(kind === 'max' ? 'MaxPool' : 'AvgPool', args);
    const info = poolInfo(x.shape, attrs);
    const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, inChannels: channels } = info;
    const sizes = {
      ...{ inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, channels },
      ...{ strideY: info.strideHeight, strideX: info.strideWidth, dilationY: 1, dilationX: 1 },
      ...{ top: info.padInfo.top, left: info.padInfo.left },
    };
    const y = backend.allocate(info.outShape);
    if (!isFilled(y)) return y;
    const program = {
      key: `pool ${kind} ${sizesKey(sizes)}`,
      source: () => poolSource(sizes, kind),
      workgroups: flatWorkgroups(windowThreads(sizes, info.batchSize)),
    };
    backend.run(program, [x, y]);
    return y;
  };
}

/** What slides a window over each channel. */
export const windowKernels: Kernels = {
  DepthwiseConv2dNative: depthwiseConv2D,
  FusedDepthwiseConv2D: fusedDepthwiseConv2D,
  DepthwiseConv2dNativeBackpropInput: backpropInput,
  DepthwiseConv2dNativeBackpropFilter: backpropFilter,
  MaxPool: pool('max'),
  AvgPool: pool('mean'),
};
