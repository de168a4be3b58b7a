import * as tf from '@tensorflow/tfjs-core';
import type { ConvolutionSizes } from '../wgsl/convolution.js';

type Shape4D = [number, number, number, number];

/** The sizes of a convolution of these shapes with tfjs's attributes, and the shape of its output. */
export function convolutionSizes(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: tf.NamedAttrMap,
  isDepthwise = false,
): { readonly sizes: ConvolutionSizes; readonly outShape: number[] } {
  const { strides, pad, dilations = 1, dimRoundingMode } = attrs as unknown as tf.Conv2DAttrs;
  const info = tf.backend_util.computeConv2DInfo(
    [...xShape] as Shape4D,
    [...filterShape] as Shape4D,
    strides,
    dilations,
    pad as 'same',
    dimRoundingMode,
    isDepthwise,
    'channelsLast',
  );
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = info;
  const sizes = {
    ...{ inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth },
    ...{ strideY: info.strideHeight, strideX: info.strideWidth },
    ...{ dilationY: info.dilationHeight, dilationX: info.dilationWidth },
    ...{ top: info.padInfo.top, left: info.padInfo.left },
    groups: (attrs['groups'] as number | undefined) ?? 1,
  };
  return { sizes, outShape: info.outShape };
}

/** All sizes, for a program's key. */
export function sizesKey(sizes: ConvolutionSizes): string {
  return Object.values(sizes).join(' ');
}
