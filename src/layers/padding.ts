import type * as tf from '@tensorflow/tfjs-core';

/**
 * How a window layer pads its input with zeros (a pooling layer: with nothing, its windows shrink).
 * - `'valid'`: not at all.
 * - `'same'`: TensorFlow's SAME: output = ceil(input / stride), the odd pixel at the bottom and right.
 * - `'symmetric'`: PyTorch's usual `(kernel >> 1) * dilation` on every side.
 * - a number of pixels on every side, or `[[top, bottom], [left, right]]`.
 */
export type Padding =
  'valid' | 'same' | 'symmetric' | number | readonly [readonly [number, number], readonly [number, number]];

/** The padding in the form that tfjs's window operations take. */
export function tfPadding(padding: Padding, kernelSize: number, dilation = 1): TfPadding {
  if (padding === 'valid' || padding === 'same') return padding;
  if (padding === 'symmetric') return tfPadding((kernelSize >> 1) * dilation, kernelSize);
  if (typeof padding === 'number') return padding;
  const [rows, columns] = padding;
  return [[0, 0], [...rows], [...columns], [0, 0]];
}

/** tfjs's own type of padding for an NHWC tensor. */
export type TfPadding = 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
