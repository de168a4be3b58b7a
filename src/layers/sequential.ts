import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { Module } from '../core/module.js';

/** Layers one after the other; without any, the identity. */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: Module[]) {
    super();
    this.layers = layers;
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.tidy(() => this.layers.reduce((y, layer) => layer.forward(y, context), tf.clone(x)));
  }
}
