import * as tf from '@tensorflow/tfjs-core';
import { Module } from '../core/module.js';
import { tfPadding, type Padding, type TfPadding } from './padding.js';

/** Zeros around the image: [N, H, W, C] → [N, H + top + bottom, W + left + right, C]. */
export class ZeroPadding extends Module {
  /** @param padding - Pixels on every side, or `[[top, bottom], [left, right]]`. */
  constructor(readonly padding: Exclude<Padding, string>) {
    super();
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return zeroPad(x, tfPadding(this.padding, 0) as Exclude<TfPadding, string>);
  }
}

/** The image with this many zeros around it. */
export function zeroPad(x: tf.Tensor4D, padding: Exclude<TfPadding, string>): tf.Tensor4D {
  const side: [number, number] = [padding as number, padding as number];
  return tf.pad(x, typeof padding === 'number' ? [[0, 0], side, side, [0, 0]] : padding);
}
