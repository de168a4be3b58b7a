import * as tf from '@tensorflow/tfjs-core';
import { check, checkBoolean, checkInteger, checkOptions, type OptionNames } from '../core/errors.js';
import { Module } from '../core/module.js';
import { takesGradient } from '../core/kernels.js';
import { tfPadding, tfPixelPadding, type Padding, type TfPadding, type TfPixelPadding } from './padding.js';
import { zeroPad } from './zero-padding.js';

/** Options of {@link MaxPool}. */
export interface PoolOptions {
  /** Side of the square window, in pixels. */
  readonly size: number;
  /** Pixels between two windows. Default `size`. */
  readonly stride?: number;
  /** Default `'valid'`; at most half the window, so that no window lies outside the image. */
  readonly padding?: Padding;
}

const poolOptionNames: OptionNames<PoolOptions> = { size: true, stride: true, padding: true };

/** What the two pooling layers share: their window. */
abstract class Pool extends Module {
  readonly size: number;
  readonly stride: number;
  readonly padding: TfPadding;

  constructor(layer: string, { size, stride = size, padding = 'valid' }: PoolOptions) {
    super();
    checkInteger(`${layer}: size`, size, 1);
    checkInteger(`${layer}: stride`, stride, 1);
    this.size = size;
    this.stride = stride;
    this.padding = tfPadding(padding, size);
    const sides = typeof this.padding === 'string' ? [] : [this.padding].flat(2);
    check(
      sides.every((pixels) => 2 * pixels <= size),
      () =>
        `${layer}: padding ${JSON.stringify(padding)} is more than half the window of ${size}; give less.`,
    );
  }
}

/**
 * The largest value of each window: [N, H, W, C] → [N, H', W', C]. Padding never wins, as if it were minus infinity.
 * As torch.nn.MaxPool2d and tf.keras.layers.MaxPooling2D.
 */
export class MaxPool extends Pool {
  constructor(options: PoolOptions) {
    checkOptions('MaxPool', options, poolOptionNames);
    super('MaxPool', options);
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.maxPool(x, this.size, this.stride, this.padding);
  }
}

/** Options of {@link AvgPool}. */
export interface AvgPoolOptions extends PoolOptions {
  /**
   * Whether padding counts as zeros in the mean, as PyTorch's default; otherwise the mean is over the pixels of the
   * image alone, as TensorFlow's. Default true, but false with `'same'`; means nothing with `'valid'`.
   */
  readonly countPadding?: boolean;
}

/** The mean of each window: [N, H, W, C] → [N, H', W', C]. As torch.nn.AvgPool2d. */
export class AvgPool extends Pool {
  readonly countPadding: boolean;

  constructor(options: AvgPoolOptions) {
    checkOptions('AvgPool', options, { ...poolOptionNames, countPadding: true });
    super('AvgPool', options);
    this.countPadding = options.countPadding ?? this.padding !== 'same';
    checkBoolean('countPadding', this.countPadding);
    check(
      !(this.padding === 'same' && this.countPadding),
      () =>
        `AvgPool: padding 'same' is TensorFlow's, which never counts it; leave countPadding out or give false.`,
    );
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const { size, stride, padding, countPadding } = this;
    return tf.tidy(() => {
      // tfjs's padding has a wrong gradient: it divides by the window's size wherever fewer pixels count.
      if (padding === 'valid' || (padding === 'same' && !takesGradient()))
        return tf.avgPool(x, size, stride, padding);
      const pixels = padding === 'same' ? samePadding(x.shape, size, stride) : padding;
      if ([pixels].flat(3).every((count) => count === 0)) return tf.avgPool(x, size, stride, 'valid');
      const mean = (image: tf.Tensor4D) => tf.avgPool(zeroPad(image, pixels), size, stride, 'valid');
      if (countPadding) return mean(x);
      const [, height, width] = x.shape;
      return tf.div(mean(x), mean(tf.ones([1, height, width, 1])));
    });
  }
}

/** TensorFlow's SAME, in pixels. */
function samePadding(shape: tf.Tensor4D['shape'], size: number, stride: number): TfPixelPadding {
  const { padInfo } = tf.backend_util.computePool2DInfo(shape, size, stride, 1, 'same');
  const { top, bottom, left, right } = padInfo;
  return tfPixelPadding([
    [top, bottom],
    [left, right],
  ]);
}

/** The mean over height and width: [N, H, W, C] → [N, 1, 1, C]. */
export function imageMean(x: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = x.shape;
  // tfjs's gradient goes through a tensor of ones of x's size.
  const mean = tf.customGrad((x) => ({
    value: tf.mean(x as tf.Tensor4D, [1, 2], true),
    gradFunc: (dy: tf.Tensor) => tf.tidy(() => tf.tile(tf.div(dy, height * width), [1, height, width, 1])),
  }));
  return mean(x) as tf.Tensor4D;
}

/** The mean over height and width: [N, H, W, C] → [N, C]. */
export class GlobalAvgPool extends Module<tf.Tensor4D, tf.Tensor2D> {
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => tf.squeeze(imageMean(x), [1, 2]));
  }
}
