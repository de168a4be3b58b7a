import * as tf from '@tensorflow/tfjs-core';
import { Module } from '../core/module.js';
import { tfPixelPadding, type PixelPadding, type TfPixelPadding } from './padding.js';

/** Zeros around the image: [N, H, W, C] → [N, H + top + bottom, W + left + right, C]. */
export class ZeroPadding extends Module {
  readonly padding: TfPixelPadding;

  /** @param padding - Pixels on every side, or `[[top, bottom], [left, right]]`. */
  constructor(padding: PixelPadding) {
    super();
    this.padding = tfPixelPadding(padding);
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return zeroPad(x, this.padding);
  }
}

/** The image with this many zeros around it. */
export function zeroPad(x: tf.Tensor4D, padding: TfPixelPadding): tf.Tensor4D {
  if (typeof padding !== 'number') return tf.pad(x, padding);
  return tf.pad(x, [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ]);
}
