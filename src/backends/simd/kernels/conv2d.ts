import type * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import {
  activationEpilogue,
  convolve,
  noEpilogue,
  packedBytes,
  packMatrix,
  type Epilogue,
  type Image,
  type MatrixLayout,
} from '../convolution.js';
import { padImages } from '../copy.js';
import { fallback, isFilled, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { suitsWinograd, winograd, winogradBytes, winogradPack } from '../winograd.js';
import { convInfo, type WindowInfo } from '../../window-info.js';
import { groupedConvInfo } from './grouped-conv-info.js';

/** Input channels up to which a row of the kernel is one stretch of memory, over a padded copy of the image. */
const FEW_CHANNELS = 8;

/** What a convolution reads, and where it writes. */
interface Operands {
  readonly image: Image;
  readonly filter: tf.TensorInfo;
  readonly layout: MatrixLayout;
  readonly groups: number;
  readonly output: number;
}

/** y = epilogue(conv(x, filter)), NHWC; the packed filter is kept as long as the filter. */
export function convolution(
  backend: SimdBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: WindowInfo,
  epilogue: Epilogue,
  groups = 1,
): tf.TensorInfo {
  const out = backend.allocate(info.outShape, 'float32');
  if (out.shape.includes(0)) return out;
  const { inChannels: pitch, inHeight: height, inWidth: width, outChannels: columns } = info;
  const depth = pitch / groups;
  const operands = {
    image: { address: backend.address(x), batch: info.batchSize, height, width, pitch },
    filter,
    layout: {
      ...{ address: backend.address(filter), depth, columns },
      ...{ tapStep: depth * columns, depthStep: columns, columnStep: 1 },
    },
    groups,
    output: backend.address(out),
  };
  const unitStep = info.strideHeight === 1 && info.strideWidth === 1;
  const dense = info.dilationHeight === 1 && info.dilationWidth === 1;
  const square3 = info.filterHeight === 3 && info.filterWidth === 3;
  if (groups === 1 && square3 && unitStep && dense && suitsWinograd(depth, columns)) {
    convolveByWinograd(backend, operands, info, epilogue);
  } else if (groups === 1 && depth <= FEW_CHANNELS && info.filterWidth > 1 && dense) {
    convolveByRows(backend, operands, info, epilogue);
  } else {
    convolveByTaps(backend, operands, info, epilogue);
  }
  return out;
}

/** The address of the packed filter. */
function packedFilter(backend: SimdBackend, { filter, layout }: Operands): number {
  const taps = filter.shape[0]! * filter.shape[1]!;
  return backend.derive(filter, 'packed weights', packedBytes(taps, layout.depth, layout.columns), (to) =>
    packMatrix(backend, layout, [...Array(taps).keys()], to),
  );
}

/** Of 3x3, stride 1. */
function convolveByWinograd(
  backend: SimdBackend,
  operands: Operands,
  info: WindowInfo,
  epilogue: Epilogue,
): void {
  const { image, filter, layout, output } = operands;
  const { depth: run, columns } = layout;
  const address = backend.derive(filter, 'transformed weights', winogradBytes(run, columns), (to) =>
    winogradPack(backend, layout, false, to),
  );
  const direct = (use: (address: number) => void) => use(packedFilter(backend, operands));
  const size = { height: info.outHeight, width: info.outWidth, address: output };
  winograd(backend, image, { address, run, columns, direct }, info.padInfo, size, epilogue);
}

/** The grid of the output, but for the taps. */
function outputGrid({ outHeight, outWidth, strideHeight, strideWidth }: WindowInfo) {
  const strides = { strideY: strideHeight, strideX: strideWidth };
  return { height: outHeight, width: outWidth, ...strides, outHeight, outWidth };
}

/** Of few channels: over a padded copy of the image, where a row of the kernel is one tap. */
function convolveByRows(
  backend: SimdBackend,
  operands: Operands,
  info: WindowInfo,
  epilogue: Epilogue,
): void {
  const { image, layout, output } = operands;
  const { depth, columns } = layout;
  const height = (info.outHeight - 1) * info.strideHeight + info.filterHeight;
  const width = (info.outWidth - 1) * info.strideWidth + info.filterWidth;
  const matrix = { address: packedFilter(backend, operands), run: info.filterWidth * depth, columns };
  const taps = Array.from({ length: info.filterHeight }, (_, y) => [y, 0] as const);
  backend.lend(image.batch * height * width * depth * 4, 'a padded image', (address) => {
    padImages(backend, image, depth, { address, height, width }, info.padInfo);
    const wide = { ...image, address, height, width };
    convolve(backend, wide, matrix, { ...outputGrid(info), taps }, output, epilogue);
  });
}

function convolveByTaps(
  backend: SimdBackend,
  operands: Operands,
  info: WindowInfo,
  epilogue: Epilogue,
): void {
  const { image, layout, groups, output } = operands;
  const { depth: run, columns } = layout;
  const { filterHeight, filterWidth, dilationHeight, dilationWidth, padInfo } = info;
  const taps = Array.from({ length: filterHeight * filterWidth }, (_, tap) => {
    const y = Math.floor(tap / filterWidth) * dilationHeight - padInfo.top;
    return [y, (tap % filterWidth) * dilationWidth - padInfo.left] as const;
  });
  const matrix = { address: packedFilter(backend, operands), run, columns, groups };
  convolve(backend, image, matrix, { ...outputGrid(info), taps }, output, epilogue);
}

const conv2D: Kernel = ({ inputs, backend, attrs }) => {
  const x = inputs['x']!;
  const filter = inputs['filter']!;
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(x, filter) && isFilled(x, filter);
  if (!usual) return fallback('Conv2D', { inputs, backend, attrs });
  return convolution(backend, x, filter, convInfo(x.shape, filter.shape, attrs), noEpilogue);
};

/** The epilogue of a fused convolution's attributes and inputs; undefined where it is not one of this backend's. */
function epilogueOf(
  backend: SimdBackend,
  { bias, residual, filter }: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): Epilogue | undefined {
  const epilogue = activationEpilogue(attrs['activation'] as string);
  if (!epilogue || (bias && bias.shape.at(-1) !== filter!.shape[3])) return undefined;
  return {
    ...epilogue,
    ...(bias && { bias: backend.address(bias) }),
    ...(residual && { residual: backend.address(residual) }),
  };
}

const fusedConv2D: Kernel = ({ inputs, backend, attrs }) => {
  const x = inputs['x']!;
  const filter = inputs['filter']!;
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(x, filter) && isFilled(x, filter);
  const epilogue = usual && epilogueOf(backend, inputs, attrs);
  if (!epilogue) {
    if (inputs['residual'])
      throw new Error(`simd: no convolution of activation '${attrs['activation']}' adds a residual.`);
    return fallback('FusedConv2D', { inputs, backend, attrs });
  }
  return convolution(backend, x, filter, convInfo(x.shape, filter.shape, attrs), epilogue);
};

const groupedConv2D: Kernel = ({ inputs, backend, attrs }) => {
  const x = inputs['x']!;
  const filter = inputs['filter']!;
  const { info, groups } = groupedConvInfo(x.shape, filter.shape, attrs);
  const epilogue = epilogueOf(backend, inputs, attrs);
  if (!epilogue) throw new Error(`simd: no grouped convolution ends with '${attrs['activation']}'.`);
  return convolution(backend, x, filter, info, epilogue, groups);
};

/** Convolutions forward. */
export const convolutionKernels: Kernels = {
  Conv2D: conv2D,
  FusedConv2D: fusedConv2D,
  FusedConv2DResidual: fusedConv2D,
  GroupedConv2D: groupedConv2D,
};
