import type * as tf from '@tensorflow/tfjs-core';
import { convInfo } from '../../window-info.js';
import type { ConvolutionSizes } from '../wgsl/convolution.js';
import type { WindowSizes } from '../wgsl/windows.js';

/** The sizes of a convolution of these shapes with tfjs's attributes, and the shape of its output. */
export function convolutionSizes(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: tf.NamedAttrMap,
  isDepthwise = false,
): { readonly sizes: ConvolutionSizes; readonly outShape: number[] } {
  const info = convInfo(xShape, filterShape, attrs, isDepthwise);
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
export function sizesKey(sizes: ConvolutionSizes | WindowSizes): string {
  return Object.values(sizes).join(' ');
}
