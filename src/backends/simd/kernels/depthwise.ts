import * as tf from '@tensorflow/tfjs-core';
import { convInfo, type WindowInfo } from '../../window-info.js';
import type { SimdBackend } from '../backend.js';
import { activationEpilogue, noEpilogue, type Epilogue } from '../convolution.js';
import { fallback, isFilled, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { ADD_SLICES, DEPTHWISE, DEPTHWISE_FILTER, DEPTHWISE_INPUT } from '../kernel-ids.js';
import { float } from '../runtime.js';
import { copyGrid, padImages } from '../copy.js';

/** Multiplications and additions of a chunk. */
const CHUNK_WORK = 200_000;

/** The sizes; undefined for what these kernels do not do: several filters a channel, another type, no values. */
function depthwiseInfo(
  xShape: number[],
  filterShape: number[],
  attrs: tf.NamedAttrMap,
  ...tensors: tf.TensorInfo[]
): WindowInfo | undefined {
  if (filterShape[3] !== 1 || !isFloat32(...tensors) || !isFilled(...tensors)) return undefined;
  return convInfo(xShape, filterShape, attrs, true);
}

/** Arguments 8 to 22 of every job. */
function sizes(info: WindowInfo, rowsPerChunk: number): number[] {
  return [
    ...[info.batchSize, info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth],
    ...[info.strideHeight, info.strideWidth, info.filterHeight, info.filterWidth],
    ...[info.dilationHeight, info.dilationWidth, info.padInfo.top, info.padInfo.left, rowsPerChunk],
  ];
}

/** Output rows of a chunk that is worth its cost. */
function rowsPerChunk(info: WindowInfo): number {
  const work = info.outWidth * info.inChannels * info.filterHeight * info.filterWidth;
  return Math.max(1, Math.ceil(CHUNK_WORK / Math.max(1, work)));
}

/**
 * Output columns for which images are padded first, so that every window lies inside: borders are slow. Below, there
 * would be no four pixels to do at a time, and most of what is read would be padding.
 */
const NARROW = { from: 4, to: 32 };

function depthwise(
  backend: SimdBackend,
  x: tf.TensorInfo,
  filter: number,
  info: WindowInfo,
  epilogue: Epilogue,
): tf.TensorInfo {
  const out = backend.allocate(info.outShape, 'float32');
  const { top, left } = info.padInfo;
  const inHeight =
    (info.outHeight - 1) * info.strideHeight + (info.filterHeight - 1) * info.dilationHeight + 1;
  const inWidth = (info.outWidth - 1) * info.strideWidth + (info.filterWidth - 1) * info.dilationWidth + 1;
  const narrow = info.outWidth >= NARROW.from && info.outWidth <= NARROW.to;
  if (!narrow || (inHeight <= info.inHeight && inWidth <= info.inWidth && top + left === 0)) {
    depthwiseJob(backend, backend.address(x), filter, backend.address(out), info, epilogue);
    return out;
  }
  const { batchSize, inChannels } = info;
  backend.lend(batchSize * inHeight * inWidth * inChannels * 4, 'a padded image', (padded) => {
    const from = {
      address: backend.address(x),
      batch: batchSize,
      height: info.inHeight,
      width: info.inWidth,
    };
    padImages(
      backend,
      from,
      inChannels,
      { address: padded, height: inHeight, width: inWidth },
      { top, left },
    );
    const inside = { ...info, inHeight, inWidth, padInfo: { ...info.padInfo, top: 0, left: 0 } };
    depthwiseJob(backend, padded, filter, backend.address(out), inside, epilogue);
  });
  return out;
}

function depthwiseJob(
  backend: SimdBackend,
  x: number,
  filter: number,
  out: number,
  info: WindowInfo,
  { bias = 0, low, high, activation }: Epilogue,
): void {
  const rows = rowsPerChunk(info);
  backend.runtime.run(DEPTHWISE, Math.ceil((info.batchSize * info.outHeight) / rows), [
    ...[x, filter, out, bias, 0, float(low), float(high), activation, ...sizes(info, rows)],
  ]);
}

const depthwiseConv2dNative: Kernel = (args) => {
  const x = args.inputs['x']!;
  const filter = args.inputs['filter']!;
  const info = depthwiseInfo(x.shape, filter.shape, args.attrs, x, filter);
  if (!info) return fallback('DepthwiseConv2dNative', args);
  return depthwise(args.backend, x, args.backend.address(filter), info, noEpilogue);
};

const fusedDepthwiseConv2D: Kernel = (args) => {
  const x = args.inputs['x']!;
  const filter = args.inputs['filter']!;
  const { bias } = args.inputs;
  const info = depthwiseInfo(x.shape, filter.shape, args.attrs, x, filter);
  const epilogue = activationEpilogue(args.attrs['activation'] as string);
  if (!info || !epilogue || (bias && bias.shape.at(-1) !== x.shape[3])) {
    return fallback('FusedDepthwiseConv2D', args);
  }
  const address = bias && { bias: args.backend.address(bias) };
  return depthwise(args.backend, x, args.backend.address(filter), info, { ...epilogue, ...address });
};

/**
 * The sizes of the convolution of dy, with the filter turned by 180 degrees, that gives the gradient of the input;
 * undefined where strides or wide paddings leave none.
 */
function transposedInfo(info: WindowInfo): WindowInfo | undefined {
  const top = (info.filterHeight - 1) * info.dilationHeight - info.padInfo.top;
  const left = (info.filterWidth - 1) * info.dilationWidth - info.padInfo.left;
  if (info.strideHeight !== 1 || info.strideWidth !== 1 || top < 0 || left < 0) return undefined;
  return {
    ...info,
    ...{ inHeight: info.outHeight, inWidth: info.outWidth, inShape: info.outShape },
    ...{ outHeight: info.inHeight, outWidth: info.inWidth, outShape: info.inShape },
    padInfo: { ...info.padInfo, top, left },
  };
}

const backpropInput: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const dy = inputs['dy']!;
  const filter = inputs['filter']!;
  const inputShape = attrs['inputShape'] as number[];
  const info = depthwiseInfo(inputShape, filter.shape, attrs, dy, filter);
  if (!info || !tf.util.arraysEqual(dy.shape, info.outShape)) {
    return fallback('DepthwiseConv2dNativeBackpropInput', args);
  }
  const transposed = transposedInfo(info);
  if (transposed) {
    // The taps in reverse order.
    const taps = info.filterHeight * info.filterWidth;
    const channels = info.inChannels;
    return backend.lend(taps * channels * 4, 'a turned filter', (turned) => {
      const last = backend.address(filter) + (taps - 1) * channels * 4;
      copyGrid(backend, last, turned, [1, 1, taps, channels], [0, 0, -channels, 1], [0, 0, channels, 1]);
      return depthwise(backend, dy, turned, transposed, noEpilogue);
    });
  }
  const dx = backend.allocate(inputShape, 'float32');
  backend.runtime.run(DEPTHWISE_INPUT, info.batchSize * info.inHeight, [
    ...[backend.address(dy), backend.address(filter), backend.address(dx), 0, 0, 0, 0, 0],
    ...sizes(info, 1),
  ]);
  return dx;
};

/** Slices of a sum over an output's rows: enough for any number of threads, and few enough to add up. */
const FILTER_SLICES = 32;

const backpropFilter: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const dy = inputs['dy']!;
  const filterShape = attrs['filterShape'] as number[];
  const info = depthwiseInfo(x.shape, filterShape, attrs, x, dy);
  if (!info || !tf.util.arraysEqual(dy.shape, info.outShape)) {
    return fallback('DepthwiseConv2dNativeBackpropFilter', args);
  }
  const out = backend.allocate(filterShape, 'float32');
  const taps = info.filterHeight * info.filterWidth;
  const channels = info.inChannels;
  const padded = Math.ceil(channels / 4) * 4;
  const outRows = info.batchSize * info.outHeight;
  const rows = Math.max(rowsPerChunk(info), Math.ceil(outRows / FILTER_SLICES));
  const slices = Math.ceil(outRows / rows);
  const sum = taps * padded;
  backend.lend((slices + 1) * sum * 4, 'the gradient of a depthwise filter', (space) => {
    const total = padded === channels ? backend.address(out) : space + slices * sum * 4;
    backend.runtime.run(DEPTHWISE_FILTER, slices, [
      ...[backend.address(x), backend.address(dy), space, 0, 0, 0, 0, 0, ...sizes(info, rows)],
    ]);
    backend.runtime.run(ADD_SLICES, 1, [space, total, slices, sum, sum, float(1), sum]);
    if (padded !== channels) {
      copyGrid(
        backend,
        total,
        backend.address(out),
        [1, 1, taps, channels],
        [0, 0, padded, 1],
        [0, 0, channels, 1],
      );
    }
  });
  return out;
};

/** Depthwise convolutions and their gradients. */
export const depthwiseKernels: Kernels = {
  DepthwiseConv2dNative: depthwiseConv2dNative,
  FusedDepthwiseConv2D: fusedDepthwiseConv2D,
  DepthwiseConv2dNativeBackpropInput: backpropInput,
  DepthwiseConv2dNativeBackpropFilter: backpropFilter,
};
