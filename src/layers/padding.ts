import type * as tf from '@tensorflow/tfjs-core';
import { check } from '../core/errors.js';

/** Padding in pixels: a number for every side, or `[[top, bottom], [left, right]]`. */
export type PixelPadding = number | readonly [readonly [number, number], readonly [number, number]];

/**
 * How a window layer pads its input with zeros (a pooling layer: with nothing, its windows shrink).
 * - `'valid'`: not at all.
 * - `'same'`: TensorFlow's SAME: output = ceil(input / stride), the odd pixel at the bottom and right.
 * - `'symmetric'`: PyTorch's usual `(kernel >> 1) * dilation` on every side.
 * - a number of pixels on every side, or `[[top, bottom], [left, right]]`.
 */
export type Padding = 'valid' | 'same' | 'symmetric' | PixelPadding;

/** tfjs's type of padding in pixels, for an NHWC tensor. */
export type TfPixelPadding = number | tf.backend_util.ExplicitPadding;

/** tfjs's type of padding, for an NHWC tensor. */
export type TfPadding = 'valid' | 'same' | TfPixelPadding;

/** The padding in the form that tfjs's window operations take. */
export function tfPadding(padding: Padding, kernelSize: number, dilation = 1): TfPadding {
  if (padding === 'valid' || padding === 'same') return padding;
  return tfPixelPadding(padding === 'symmetric' ? (kernelSize >> 1) * dilation : padding);
}

/** The padding in pixels in the form that tfjs's window operations take. */
export function tfPixelPadding(padding: PixelPadding): TfPixelPadding {
  check(
    [padding].flat(2).every((pixels) => Number.isInteger(pixels) && pixels >= 0),
    () =>
      `The padding is ${JSON.stringify(padding)}; give 'valid', 'same', 'symmetric', a number of pixels ` +
      `or [[top, bottom], [left, right]].`,
  );
  if (typeof padding === 'number') return padding;
  const [rows, columns] = padding;
  return [[0, 0], [...rows], [...columns], [0, 0]];
}
