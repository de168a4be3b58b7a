import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import {
  convolve,
  noEpilogue,
  packedBytes,
  packMatrix,
  type Image,
  type MatrixLayout,
} from '../convolution.js';
import { copyGrid } from '../copy.js';
import { fallback, isFilled, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { suitsWinograd, winograd, winogradBytes, winogradPack } from '../winograd.js';
import { convInfo, type WindowInfo } from '../../window-info.js';
import { groupedConvInfo } from './grouped-conv-info.js';

/** dy as the image that the gradient's convolutions read. */
function gradientImage(backend: SimdBackend, dy: tf.TensorInfo, info: WindowInfo): Image {
  const { batchSize: batch, outHeight: height, outWidth: width, outChannels: pitch } = info;
  return { address: backend.address(dy), batch, height, width, pitch };
}

/** A convolution of dy for each phase of the stride, with the taps that reach it; `layout` is of transposed matrices. */
function convolvePhases(
  backend: SimdBackend,
  image: Image,
  layout: MatrixLayout,
  info: WindowInfo,
  dx: tf.TensorInfo,
  groups: number,
): void {
  const { filterHeight, filterWidth, inHeight, inWidth } = info;
  const { strideHeight: strideY, strideWidth: strideX } = info;
  const { depth: run, columns } = layout;
  const to = backend.address(dx);
  // Pixels of phases that no tap reaches, and none where the windows leave no room for one, stay zero.
  if (filterHeight < strideY || filterWidth < strideX) backend.fill(dx, 0);
  for (let phaseY = 0; phaseY < Math.min(strideY, inHeight); phaseY++) {
    for (let phaseX = 0; phaseX < Math.min(strideX, inWidth); phaseX++) {
      const taps = tapsOfPhase(info, phaseY, phaseX);
      if (taps.length === 0) continue;
      const grid = {
        height: Math.ceil((inHeight - phaseY) / strideY),
        width: Math.ceil((inWidth - phaseX) / strideX),
        ...{ strideY: 1, strideX: 1, taps: taps.map(({ offset }) => offset) },
        ...{ outHeight: inHeight, outWidth: inWidth },
        ...{ stepY: strideY, stepX: strideX, originY: phaseY, originX: phaseX },
      };
      backend.lend(packedBytes(taps.length, run, columns), 'transposed weights', (address) => {
        const order = taps.map(({ tap }) => tap);
        packMatrix(backend, layout, order, address);
        convolve(backend, image, { address, run, columns, groups }, grid, to, noEpilogue);
      });
    }
  }
}

/** Columns of a tile: a product of fewer takes as long. */
const TILE = 8;

/** How far right of a pixel of dy the pixels of dx reach that are computed together: offsets in dy, for all phases of a row. */
function joinedOffsets({ filterWidth, strideWidth, padInfo }: WindowInfo): number[] {
  const first = Math.ceil((padInfo.left - filterWidth + 1) / strideWidth);
  const last = Math.floor((padInfo.left + strideWidth - 1) / strideWidth);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Whether computing the phases of a row together is less work: of few channels, they fill one tile. */
function suitsJoining(info: WindowInfo): boolean {
  const { inWidth, inChannels, filterWidth, strideWidth } = info;
  const tiles = Math.ceil((strideWidth * inChannels) / TILE);
  const fewer = tiles * joinedOffsets(info).length < Math.ceil(inChannels / TILE) * filterWidth;
  return fewer && strideWidth > 1 && inWidth % strideWidth === 0 && filterWidth >= strideWidth;
}

/** As {@link convolvePhases}, but the pixels of a row whose phases differ are channels of one pixel. */
function convolveJoinedPhases(
  backend: SimdBackend,
  image: Image,
  layout: MatrixLayout,
  info: WindowInfo,
  dx: tf.TensorInfo,
): void {
  const { inHeight, inWidth, strideHeight: stepY, strideWidth, filterHeight } = info;
  const { depth: run } = layout;
  const columns = strideWidth * layout.columns;
  const width = inWidth / strideWidth;
  const offsets = joinedOffsets(info);
  if (filterHeight < stepY) backend.fill(dx, 0);
  for (let phaseY = 0; phaseY < Math.min(stepY, inHeight); phaseY++) {
    const rows = rowsOfPhase(info, phaseY);
    if (rows.length === 0) continue;
    const taps = rows.flatMap(({ offset }) => offsets.map((x) => [offset, x] as const));
    const grid = {
      ...{ height: Math.ceil((inHeight - phaseY) / stepY), width, strideY: 1, strideX: 1, taps },
      ...{ outHeight: inHeight, outWidth: width, stepY, originY: phaseY },
    };
    const floats = taps.length * run * columns;
    backend.lend(floats * 4 + packedBytes(taps.length, run, columns), 'joined weights', (address) => {
      const filterRows = rows.map(({ row }) => row);
      joinFilter(backend, layout, info, filterRows, offsets, backend.floats(address, floats));
      const joined = {
        address,
        depth: run,
        columns,
        tapStep: run * columns,
        depthStep: columns,
        columnStep: 1,
      };
      const packed = address + floats * 4;
      packMatrix(backend, joined, [...taps.keys()], packed);
      convolve(backend, image, { address: packed, run, columns }, grid, backend.address(dx), noEpilogue);
    });
  }
}

/** Writes [rows, offsets, depth, phases, columns]: the taps that lead from an offset to each phase, or zeros. */
function joinFilter(
  backend: SimdBackend,
  { address, depth, columns }: MatrixLayout,
  { filterHeight, filterWidth, strideWidth, padInfo }: WindowInfo,
  rows: readonly number[],
  offsets: readonly number[],
  joined: Float32Array,
): void {
  const filter = backend.floats(address, filterHeight * filterWidth * depth * columns);
  let to = 0;
  for (const row of rows) {
    for (const offset of offsets) {
      for (let d = 0; d < depth; d++) {
        for (let phase = 0; phase < strideWidth; phase++) {
          const x = phase + padInfo.left - offset * strideWidth;
          const tap = (row * filterWidth + x) * columns;
          const inside = x >= 0 && x < filterWidth;
          for (let c = 0; c < columns; c++) joined[to++] = inside ? filter[(tap + c) * depth + d]! : 0;
        }
      }
    }
  }
}

/** The rows of the filter that reach the rows of a phase of the stride, and where in dy each then is. */
function rowsOfPhase({ filterHeight, strideHeight, padInfo }: WindowInfo, phaseY: number) {
  const rows = Array.from({ length: filterHeight }, (_, row) => {
    return { row, offset: (phaseY + padInfo.top - row) / strideHeight };
  });
  return rows.filter(({ offset }) => Number.isInteger(offset));
}

/** The taps that reach the pixels of a phase of the stride, and where in dy each then is. */
function tapsOfPhase(
  { filterHeight, filterWidth, strideHeight, strideWidth, padInfo }: WindowInfo,
  phaseY: number,
  phaseX: number,
) {
  const taps: { tap: number; offset: [number, number] }[] = [];
  for (let tap = 0; tap < filterHeight * filterWidth; tap++) {
    const y = phaseY + padInfo.top - Math.floor(tap / filterWidth);
    const x = phaseX + padInfo.left - (tap % filterWidth);
    if (y % strideHeight !== 0 || x % strideWidth !== 0) continue;
    taps.push({ tap, offset: [y / strideHeight, x / strideWidth] });
  }
  return taps;
}

/**
 * The gradient of the input of a 3x3 convolution of stride 1, by Winograd's.
 * @param stays - The filter, where it stays as it is for many gradients: its transformed weights are then kept with it.
 */
function winogradGradient(
  backend: SimdBackend,
  image: Image,
  layout: MatrixLayout,
  info: WindowInfo,
  to: number,
  stays: tf.TensorInfo | undefined,
): void {
  const { depth, columns } = layout;
  const { top, left } = info.padInfo;
  const direct = (use: (address: number) => void) =>
    backend.lend(packedBytes(9, depth, columns), 'transposed weights', (address) => {
      packMatrix(backend, layout, [8, 7, 6, 5, 4, 3, 2, 1, 0], address);
      use(address);
    });
  const pack = (address: number) => winogradPack(backend, layout, true, address);
  const compute = (address: number) => {
    const matrix = { address, run: depth, columns, direct };
    const size = { height: info.inHeight, width: info.inWidth, address: to };
    winograd(backend, image, matrix, { top: 2 - top, left: 2 - left }, size, noEpilogue);
  };
  const [bytes, purpose] = [winogradBytes(depth, columns), 'transformed transposed weights'];
  if (stays) return compute(backend.derive(stays, purpose, bytes, pack));
  backend.lend(bytes, purpose, (address) => {
    pack(address);
    compute(address);
  });
}

const backpropInput: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const dy = inputs['dy']!;
  const filter = inputs['filter']!;
  const inputShape = attrs['inputShape'] as number[];
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(dy, filter) && isFilled(dy, filter);
  if (!usual) return fallback('Conv2DBackpropInput', args);
  const info = convInfo(inputShape, filter.shape, { ...attrs, dilations: 1 });
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return fallback('Conv2DBackpropInput', args);
  const dx = backend.allocate(inputShape, 'float32');
  const { inChannels: columns, outChannels: depth, filterHeight, filterWidth } = info;
  if (tf.util.sizeFromShape(inputShape) === 0) return dx;
  const image = gradientImage(backend, dy, info);
  const layout = {
    address: backend.address(filter),
    depth,
    columns,
    tapStep: depth * columns,
    depthStep: 1,
    columnStep: depth,
  };
  const unitStep = info.strideHeight === 1 && info.strideWidth === 1;
  if (filterHeight === 3 && filterWidth === 3 && unitStep && suitsWinograd(depth, columns)) {
    const stays = attrs['filterStays'] ? filter : undefined;
    winogradGradient(backend, image, layout, info, backend.address(dx), stays);
  } else if (suitsJoining(info)) {
    convolveJoinedPhases(backend, image, layout, info, dx);
  } else {
    convolvePhases(backend, image, layout, info, dx, 1);
  }
  return dx;
};

const groupedBackpropInput: Kernel = ({ inputs, backend, attrs }) => {
  const dy = inputs['dy']!;
  const filter = inputs['filter']!;
  const inputShape = attrs['inputShape'] as number[];
  const { info, groups } = groupedConvInfo(inputShape, filter.shape, attrs);
  const dx = backend.allocate(inputShape, 'float32');
  if (tf.util.sizeFromShape(inputShape) === 0) return dx;
  const taps = info.filterHeight * info.filterWidth;
  const { inChannels: columns, outChannels } = info;
  const [rows, depth] = [columns / groups, outChannels / groups];
  const size = taps * depth * columns;
  backend.lend(size * 4, 'a turned filter', (turned) => {
    // From [taps, inputs of a group, groups, outputs of a group] to [taps, outputs of a group, groups, inputs of a group].
    for (let tap = 0; tap < taps; tap++) {
      const from = backend.address(filter) + tap * rows * outChannels * 4;
      const to = turned + tap * depth * columns * 4;
      copyGrid(
        backend,
        from,
        to,
        [1, depth, groups, rows],
        [0, 1, depth, outChannels],
        [0, columns, rows, 1],
      );
    }
    const steps = { tapStep: depth * columns, depthStep: columns, columnStep: 1 };
    const layout = { address: turned, depth, columns, ...steps };
    convolvePhases(backend, gradientImage(backend, dy, info), layout, info, dx, groups);
  });
  return dx;
};

/** Gradients of the inputs of convolutions. */
export const inputGradientKernels: Kernels = {
  Conv2DBackpropInput: backpropInput,
  GroupedConv2DBackpropInput: groupedBackpropInput,
};
