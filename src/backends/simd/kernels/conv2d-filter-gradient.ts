import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import { copyGrid } from '../copy.js';
import { fallback, isFilled, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { FILTER_GRADIENT, PACK, PACK_CHANNELS } from '../kernel-ids.js';
import { suitsWinograd } from '../winograd.js';
import { isEvenForFilter, winogradFilter } from '../winograd-filter.js';
import { convInfo, type WindowInfo } from '../../window-info.js';
import { groupedConvInfo } from './grouped-conv-info.js';

/** Bytes of packed images that a filter's gradient works on at a time. */
const WORKSPACE = 16 * 2 ** 20;
/** Pixels of a panel of the gradient that stay in the first cache. */
const PIXELS = 512;
/** Chunks of a filter's gradient. */
const CHUNKS = 32;

/** By Winograd's method, where the convolution and the numbers suit it: whether they do. */
function winogradGradient(
  backend: SimdBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: WindowInfo,
  to: number,
): boolean {
  const { inChannels, outChannels, padInfo } = info;
  const unitStep = info.strideHeight === 1 && info.strideWidth === 1;
  const square3 = info.filterHeight === 3 && info.filterWidth === 3 && unitStep;
  if (!square3 || !suitsWinograd(inChannels, outChannels)) return false;
  const image = {
    address: backend.address(x),
    batch: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    pitch: inChannels,
  };
  const gradient = {
    address: backend.address(dy),
    height: info.outHeight,
    width: info.outWidth,
    filters: outChannels,
  };
  if (!isEvenForFilter(backend, image, gradient, padInfo)) return false;
  winogradFilter(backend, image, gradient, padInfo, to);
  return true;
}

/** For each tap, the product of input and gradient over all pixels: [taps, inChannels / groups, filters]. */
function directGradient(
  backend: SimdBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: WindowInfo,
  groups: number,
  to: number,
): void {
  const taps = info.filterHeight * info.filterWidth;
  const { outChannels } = info;
  const depth = info.inChannels / groups;
  const [paddedDepth, columns] = [Math.ceil(depth / 4) * 4, Math.ceil(outChannels / 8) * 8];
  if (paddedDepth === depth && columns === outChannels) {
    paddedGradient(backend, x, dy, info, groups, to);
    return;
  }
  backend.lend(taps * paddedDepth * columns * 4, "a filter's gradient", (padded) => {
    paddedGradient(backend, x, dy, info, groups, padded);
    const fromSteps = [0, paddedDepth * columns, columns, 1] as const;
    const toSteps = [0, depth * outChannels, outChannels, 1] as const;
    copyGrid(backend, padded, to, [1, taps, depth, outChannels], fromSteps, toSteps);
  });
}

/** To [taps, quads * 4, panels * 8], some images at a time. */
function paddedGradient(
  backend: SimdBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: WindowInfo,
  groups: number,
  to: number,
): void {
  const { runtime } = backend;
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { strideHeight, strideWidth, filterHeight, filterWidth } = info;
  const height = (outHeight - 1) * strideHeight + filterHeight;
  const width = (outWidth - 1) * strideWidth + filterWidth;
  const quads = Math.ceil(inChannels / groups / 4);
  const panels = Math.ceil(outChannels / 8);
  const taps = filterHeight * filterWidth;
  const pixels = outHeight * outWidth;
  const inputBytes = groups * quads * height * width * 16;
  const gradientBytes = panels * pixels * 32;
  if (batchSize * pixels === 0) {
    backend.floats(to, taps * quads * 4 * panels * 8).fill(0);
    return;
  }
  const images = Math.min(batchSize, Math.max(1, Math.floor(WORKSPACE / (inputBytes + gradientBytes))));
  const { chunks, panelsPerChunk, quadsPerChunk } = shares(taps, panels, quads);
  const rowsPerBlock = Math.min(outHeight, Math.max(1, Math.floor(PIXELS / outWidth)));
  const imagesPerBlock = rowsPerBlock < outHeight ? 1 : Math.max(1, Math.floor(PIXELS / pixels));
  const bytes = images * (inputBytes + gradientBytes);
  backend.lend(bytes + 4, "a filter's gradient", (packedInput) => {
    const packedGradient = packedInput + images * inputBytes;
    const order = packedInput + bytes;
    new Int32Array(runtime.memory.buffer, order, 1)[0] = 0;
    for (let n = 0; n < batchSize; n += images) {
      const batch = Math.min(images, batchSize - n);
      const from = backend.address(x) + n * inHeight * inWidth * inChannels * 4;
      const gradient = backend.address(dy) + n * pixels * outChannels * 4;
      runtime.run(PACK_CHANNELS, batch * height, [
        ...[from, packedInput, inHeight, inWidth, inChannels, batch, height, width],
        ...[info.padInfo.top, info.padInfo.left],
      ]);
      const matrix = [1, order, batch * pixels, outChannels, 0, outChannels, 1];
      runtime.run(PACK, panels, [gradient, packedGradient, ...matrix]);
      runtime.run(FILTER_GRADIENT, chunks, [
        ...[packedInput, packedGradient, to, quads, panels, batch, height, width, outHeight, outWidth],
        ...[strideHeight, strideWidth, filterWidth, 1, 1, quadsPerChunk, panelsPerChunk],
        ...[imagesPerBlock, rowsPerBlock, Number(n > 0), outChannels / groups, outChannels],
      ]);
    }
  });
}

/** How chunks share out the filter: taps, then panels, then quads of channels. */
function shares(taps: number, panels: number, quads: number) {
  const panelsPerChunk = Math.ceil(panels / Math.min(panels, Math.max(1, Math.ceil(CHUNKS / taps))));
  const panelParts = Math.ceil(panels / panelsPerChunk);
  const quadParts = Math.min(quads, Math.max(1, Math.ceil(CHUNKS / taps / panelParts)));
  const quadsPerChunk = Math.ceil(quads / quadParts);
  return { chunks: taps * panelParts * Math.ceil(quads / quadsPerChunk), panelsPerChunk, quadsPerChunk };
}

const backpropFilter: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const dy = inputs['dy']!;
  const filterShape = attrs['filterShape'] as number[];
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(x, dy) && isFilled(x, dy);
  if (!usual) return fallback('Conv2DBackpropFilter', args);
  const info = convInfo(x.shape, filterShape, { ...attrs, dilations: 1 });
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return fallback('Conv2DBackpropFilter', args);
  const out = backend.allocate(filterShape, 'float32');
  const to = backend.address(out);
  if (!winogradGradient(backend, x, dy, info, to)) directGradient(backend, x, dy, info, 1, to);
  return out;
};

const groupedBackpropFilter: Kernel = ({ inputs, backend, attrs }) => {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
  const filterShape = attrs['filterShape'] as number[];
  const { info, groups } = groupedConvInfo(x.shape, filterShape, attrs);
  const out = backend.allocate(filterShape, 'float32');
  directGradient(backend, x, dy, info, groups, backend.address(out));
  return out;
};

/** Gradients of the filters of convolutions. */
export const filterGradientKernels: Kernels = {
  Conv2DBackpropFilter: backpropFilter,
  GroupedConv2DBackpropFilter: groupedBackpropFilter,
};
