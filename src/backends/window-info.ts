import * as tf from '@tensorflow/tfjs-core';

/** The sizes of a convolution or a pool. */
export type WindowInfo = tf.backend_util.Conv2DInfo;

type Shape4D = [number, number, number, number];

/** The sizes of a convolution of these shapes with tfjs's attributes. */
export function convInfo(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: tf.NamedAttrMap,
  isDepthwise = false,
): WindowInfo {
  const { strides, pad, dilations = 1, dimRoundingMode } = attrs as unknown as tf.Conv2DAttrs;
  return tf.backend_util.computeConv2DInfo(
    [...xShape] as Shape4D,
    [...filterShape] as Shape4D,
    strides,
    dilations,
    pad as 'same',
    dimRoundingMode,
    isDepthwise,
    'channelsLast',
  );
}

/** The sizes of a pool of this shape with tfjs's attributes. */
export function poolInfo(xShape: readonly number[], attrs: tf.NamedAttrMap): WindowInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolAttrs;
  return tf.backend_util.computePool2DInfo(
    [...xShape] as Shape4D,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}
