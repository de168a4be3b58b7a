import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import { convolve, noEpilogue, packedBytes, packMatrix } from '../convolution.js';
import { copyGrid } from '../copy.js';
import { fallback, isFilled, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { FILTER_GRADIENT, PACK, PACK_CHANNELS } from '../kernel-ids.js';
import { suitsWinograd, winograd, winogradBytes, winogradPack } from '../winograd.js';
import { isEvenForFilter, winogradFilter } from '../winograd-filter.js';

type ConvInfo = tf.backend_util.Conv2DInfo;
type Shape4D = [number, number, number, number];

function convInfo(xShape: number[], filterShape: number[], attrs: tf.NamedAttrMap): ConvInfo {
  const { strides, pad, dimRoundingMode } = attrs as unknown as tf.Conv2DBackpropInputAttrs;
  const shapes = [xShape as Shape4D, filterShape as Shape4D] as const;
  return tf.backend_util.computeConv2DInfo(...shapes, strides, 1, pad as 'same', dimRoundingMode);
}

/**
 * The gradient of the input: for each phase of the stride a convolution of dy with the taps that reach it, their
 * matrices transposed.
 */
const backpropInput: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const dy = inputs['dy']!;
  const filter = inputs['filter']!;
  const inputShape = attrs['inputShape'] as number[];
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(dy, filter) && isFilled(dy, filter);
  if (!usual) return fallback('Conv2DBackpropInput', args);
  const info = convInfo(inputShape, filter.shape, attrs);
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return fallback('Conv2DBackpropInput', args);
  const dx = backend.allocate(inputShape, 'float32');
  const { inChannels: columns, outChannels: depth, filterHeight, filterWidth, inHeight, inWidth } = info;
  const { strideHeight: strideY, strideWidth: strideX } = info;
  const { top, left } = info.padInfo;
  if (tf.util.sizeFromShape(inputShape) === 0) return dx;
  const to = backend.address(dx);
  const image = {
    address: backend.address(dy),
    batch: info.batchSize,
    height: info.outHeight,
    width: info.outWidth,
    pitch: depth,
  };
  const layout = {
    address: backend.address(filter),
    depth,
    columns,
    tapStep: depth * columns,
    depthStep: 1,
    columnStep: depth,
  };
  const square3 = filterHeight === 3 && filterWidth === 3 && strideY === 1 && strideX === 1;
  if (square3 && suitsWinograd(depth, columns)) {
    // Not kept: a training step needs it once.
    backend.lend(winogradBytes(depth, columns), 'transformed transposed weights', (packed) => {
      winogradPack(backend, layout, true, packed);
      const direct = (use: (address: number) => void) =>
        backend.lend(packedBytes(9, depth, columns), 'transposed weights', (address) => {
          packMatrix(backend, layout, [8, 7, 6, 5, 4, 3, 2, 1, 0], address);
          use(address);
        });
      const matrix = { address: packed, run: depth, columns, direct };
      const size = { height: inHeight, width: inWidth, address: to };
      winograd(backend, image, matrix, { top: 2 - top, left: 2 - left }, size, noEpilogue);
    });
    return dx;
  }
  // Pixels of phases that no tap reaches, and none where the windows leave no room for one, stay zero.
  if (filterHeight < strideY || filterWidth < strideX) backend.fill(dx, 0);
  for (let phaseY = 0; phaseY < Math.min(strideY, inHeight); phaseY++) {
    for (let phaseX = 0; phaseX < Math.min(strideX, inWidth); phaseX++) {
      const taps: number[] = [];
      const offsets: [number, number][] = [];
      for (let tap = 0; tap < filterHeight * filterWidth; tap++) {
        const y = phaseY + top - Math.floor(tap / filterWidth);
        const x = phaseX + left - (tap % filterWidth);
        if (y % strideY !== 0 || x % strideX !== 0) continue;
        taps.push(tap);
        offsets.push([y / strideY, x / strideX]);
      }
      if (taps.length === 0) continue;
      const grid = {
        height: Math.ceil((inHeight - phaseY) / strideY),
        width: Math.ceil((inWidth - phaseX) / strideX),
        ...{ strideY: 1, strideX: 1, taps: offsets, outHeight: inHeight, outWidth: inWidth },
        ...{ stepY: strideY, stepX: strideX, originY: phaseY, originX: phaseX },
      };
      backend.lend(packedBytes(taps.length, depth, columns), 'transposed weights', (packed) => {
        packMatrix(backend, layout, taps, packed);
        convolve(backend, image, { address: packed, run: depth, columns }, grid, to, noEpilogue);
      });
    }
  }
  return dx;
};

/** Bytes of packed images that a filter's gradient works on at a time. */
const WORKSPACE = 16 * 2 ** 20;
/** Pixels of a panel of the gradient that stay in the first cache. */
const PIXELS = 512;
/** Chunks of a filter's gradient. */
const CHUNKS = 32;

/** The gradient of the filter: for each tap, the product of input and gradient over all pixels. */
const backpropFilter: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const x = inputs['x']!;
  const dy = inputs['dy']!;
  const filterShape = attrs['filterShape'] as number[];
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(x, dy) && isFilled(x, dy);
  if (!usual) return fallback('Conv2DBackpropFilter', args);
  const info = convInfo(x.shape, filterShape, attrs);
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return fallback('Conv2DBackpropFilter', args);
  const out = backend.allocate(filterShape, 'float32');
  const taps = info.filterHeight * info.filterWidth;
  const { inChannels, outChannels } = info;
  const groups = Math.ceil(inChannels / 4);
  const panels = Math.ceil(outChannels / 8);
  const unitStep = info.strideHeight === 1 && info.strideWidth === 1;
  const square3 = info.filterHeight === 3 && info.filterWidth === 3 && unitStep;
  if (square3 && suitsWinograd(inChannels, outChannels)) {
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
    if (isEvenForFilter(backend, image, gradient, info.padInfo)) {
      winogradFilter(backend, image, gradient, info.padInfo, backend.address(out));
      return out;
    }
  }
  const exact = groups * 4 === inChannels && panels * 8 === outChannels;
  if (exact) {
    filterGradient(backend, x, dy, info, backend.address(out));
    return out;
  }
  const sizes = [taps, groups * 4, panels * 8] as const;
  backend.lend(sizes[0] * sizes[1] * sizes[2] * 4, "a filter's gradient", (padded) => {
    filterGradient(backend, x, dy, info, padded);
    const from = [0, sizes[1] * sizes[2], sizes[2], 1] as const;
    const to = [0, inChannels * outChannels, outChannels, 1] as const;
    copyGrid(backend, padded, backend.address(out), [1, taps, inChannels, outChannels], from, to);
  });
  return out;
};

/** To [taps, groups * 4, panels * 8], some images at a time. */
function filterGradient(
  backend: SimdBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: ConvInfo,
  to: number,
): void {
  const { runtime } = backend;
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { strideHeight, strideWidth, filterHeight, filterWidth } = info;
  const height = (outHeight - 1) * strideHeight + filterHeight;
  const width = (outWidth - 1) * strideWidth + filterWidth;
  const groups = Math.ceil(inChannels / 4);
  const panels = Math.ceil(outChannels / 8);
  const taps = filterHeight * filterWidth;
  const pixels = outHeight * outWidth;
  const inputBytes = groups * height * width * 16;
  const gradientBytes = panels * pixels * 32;
  if (batchSize * pixels === 0) {
    new Float32Array(runtime.memory.buffer, to, taps * groups * 4 * panels * 8).fill(0);
    return;
  }
  const images = Math.min(batchSize, Math.max(1, Math.floor(WORKSPACE / (inputBytes + gradientBytes))));
  // Chunks share out the filter: taps, then panels, then groups of channels.
  const panelsPerChunk = Math.ceil(panels / Math.min(panels, Math.max(1, Math.ceil(CHUNKS / taps))));
  const panelParts = Math.ceil(panels / panelsPerChunk);
  const groupsPerChunk = Math.ceil(
    groups / Math.min(groups, Math.max(1, Math.ceil(CHUNKS / taps / panelParts))),
  );
  const chunks = taps * panelParts * Math.ceil(groups / groupsPerChunk);
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
        ...[packedInput, packedGradient, to, groups, panels, batch, height, width, outHeight, outWidth],
        ...[strideHeight, strideWidth, filterWidth, 1, 1],
        ...[groupsPerChunk, panelsPerChunk, imagesPerBlock, rowsPerBlock, Number(n > 0)],
      ]);
    }
  });
}

/** Gradients of convolutions. */
export const convolutionGradientKernels: Kernels = {
  Conv2DBackpropInput: backpropInput,
  Conv2DBackpropFilter: backpropFilter,
};
