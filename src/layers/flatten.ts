import * as tf from '@tensorflow/tfjs-core';
import { Module } from '../core/module.js';

/**
 * All values of each sample in one row: [N, H, W, C] → [N, H * W * C], the channels changing fastest. As
 * tf.keras.layers.Flatten; torch.nn.Flatten has the channels first.
 */
export class Flatten extends Module<tf.Tensor4D, tf.Tensor2D> {
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    const [, height, width, channels] = x.shape;
    return tf.reshape(x, [-1, height * width * channels]);
  }
}
