import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import {
  activationEpilogue,
  convolve,
  noEpilogue,
  packedBytes,
  packMatrix,
  type Epilogue,
  type MatrixLayout,
} from '../convolution.js';
import { padImages } from '../copy.js';
import { fallback, isFilled, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { suitsWinograd, winograd, winogradBytes, winogradPack } from '../winograd.js';

type ConvInfo = tf.backend_util.Conv2DInfo;

/** Input channels up to which a row of the kernel is one stretch of memory, over a padded copy of the image. */
const FEW_CHANNELS = 8;

/** y = epilogue(conv(x, filter)), NHWC; the packed filter is kept as long as the filter. */
export function convolution(
  backend: SimdBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: ConvInfo,
  epilogue: Epilogue,
): tf.TensorInfo {
  const out = backend.allocate(info.outShape, 'float32');
  const address = backend.address(out);
  const { inChannels, outChannels, filterHeight, filterWidth, inHeight, inWidth } = info;
  const { top, left } = info.padInfo;
  const image = {
    address: backend.address(x),
    batch: info.batchSize,
    height: inHeight,
    width: inWidth,
    pitch: inChannels,
  };
  const taps = filterHeight * filterWidth;
  const layout: MatrixLayout = {
    address: backend.address(filter),
    depth: inChannels,
    columns: outChannels,
    tapStep: inChannels * outChannels,
    depthStep: outChannels,
    columnStep: 1,
  };
  const unitStep = info.strideHeight === 1 && info.strideWidth === 1;
  const dense = info.dilationHeight === 1 && info.dilationWidth === 1;
  const grid = {
    height: info.outHeight,
    width: info.outWidth,
    strideY: info.strideHeight,
    strideX: info.strideWidth,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
  };
  if (out.shape.includes(0)) return out;

  const pack = () =>
    backend.derive(filter, 'packed weights', packedBytes(taps, inChannels, outChannels), (to) =>
      packMatrix(backend, layout, [...Array(taps).keys()], to),
    );
  if (
    filterHeight === 3 &&
    filterWidth === 3 &&
    unitStep &&
    dense &&
    suitsWinograd(inChannels, outChannels)
  ) {
    const packed = backend.derive(
      filter,
      'transformed weights',
      winogradBytes(inChannels, outChannels),
      (to) => winogradPack(backend, layout, false, to),
    );
    const direct = (use: (address: number) => void) => use(pack());
    const matrix = { address: packed, run: inChannels, columns: outChannels, direct };
    const size = { height: info.outHeight, width: info.outWidth, address };
    winograd(backend, image, matrix, { top, left }, size, epilogue);
    return out;
  }

  const packed = pack();
  if (inChannels <= FEW_CHANNELS && filterWidth > 1 && dense) {
    const height = (info.outHeight - 1) * info.strideHeight + filterHeight;
    const width = (info.outWidth - 1) * info.strideWidth + filterWidth;
    const run = filterWidth * inChannels;
    const bytes = image.batch * height * width * inChannels * 4;
    backend.lend(bytes, 'a padded image', (padded) => {
      padImages(backend, image, inChannels, { address: padded, height, width }, { top, left });
      const rows = Array.from({ length: filterHeight }, (_, y) => [y, 0] as const);
      const matrix = { address: packed, run, columns: outChannels };
      const wide = { ...image, address: padded, height, width };
      convolve(backend, wide, matrix, { ...grid, taps: rows }, address, epilogue);
    });
    return out;
  }
  const offsets = Array.from(
    { length: taps },
    (_, tap) =>
      [
        Math.floor(tap / filterWidth) * info.dilationHeight - top,
        (tap % filterWidth) * info.dilationWidth - left,
      ] as const,
  );
  const matrix = { address: packed, run: inChannels, columns: outChannels };
  convolve(backend, image, matrix, { ...grid, taps: offsets }, address, epilogue);
  return out;
}

function convInfo(x: tf.TensorInfo, filter: tf.TensorInfo, attrs: tf.NamedAttrMap): ConvInfo {
  const { strides, pad, dilations, dimRoundingMode } = attrs as unknown as tf.Conv2DAttrs;
  return tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations,
    pad as 'same',
    dimRoundingMode,
    false,
    'channelsLast',
  );
}

const conv2D: Kernel = ({ inputs, backend, attrs }) => {
  const x = inputs['x']!;
  const filter = inputs['filter']!;
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(x, filter) && isFilled(x, filter);
  if (!usual) return fallback('Conv2D', { inputs, backend, attrs });
  return convolution(backend, x, filter, convInfo(x, filter, attrs), noEpilogue);
};

const fusedConv2D: Kernel = ({ inputs, backend, attrs }) => {
  const x = inputs['x']!;
  const filter = inputs['filter']!;
  const { bias, residual } = inputs;
  const epilogue = activationEpilogue(attrs['activation'] as string);
  const biasFits = !bias || bias.shape.at(-1) === filter.shape[3];
  const usual = attrs['dataFormat'] !== 'NCHW' && isFloat32(x, filter) && isFilled(x, filter);
  if (!usual || !epilogue || !biasFits) {
    if (residual)
      throw new Error(`simd: no convolution of activation '${attrs['activation']}' adds a residual.`);
    return fallback('FusedConv2D', { inputs, backend, attrs });
  }
  return convolution(backend, x, filter, convInfo(x, filter, attrs), {
    ...epilogue,
    ...(bias && { bias: backend.address(bias) }),
    ...(residual && { residual: backend.address(residual) }),
  });
};

/** Convolutions forward. */
export const convolutionKernels: Kernels = {
  Conv2D: conv2D,
  FusedConv2D: fusedConv2D,
  FusedConv2DResidual: fusedConv2D,
};
