import * as tf from '@tensorflow/tfjs-core';
import { checkOneOf } from '../core/errors.js';
import { Module } from '../core/module.js';
import { swish } from './swish.js';

/** The activations that a fused convolution may end with; swish where the backend has a kernel `Swish`. */
export type FusedActivation = 'linear' | 'relu' | 'relu6' | 'sigmoid' | 'swish';

/** max(x, 0), for a tensor of any shape. */
export class ReLU extends Module<tf.Tensor, tf.Tensor> {
  readonly fused = 'relu';
  override forward<T extends tf.Tensor>(x: T): T {
    return tf.relu(x);
  }
}

/** min(max(x, 0), 6): Krizhevsky 2010; EfficientNet-Lite's. */
export class ReLU6 extends Module<tf.Tensor, tf.Tensor> {
  readonly fused = 'relu6';
  override forward<T extends tf.Tensor>(x: T): T {
    return tf.relu6(x);
  }
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module<tf.Tensor, tf.Tensor> {
  readonly fused = 'sigmoid';
  override forward<T extends tf.Tensor>(x: T): T {
    return tf.sigmoid(x);
  }
}

/** x * sigmoid(x), also called SiLU: Ramachandran et al. 2017, arXiv 1710.05941. */
export class Swish extends Module<tf.Tensor, tf.Tensor> {
  readonly fused = 'swish';
  override forward<T extends tf.Tensor>(x: T): T {
    return swish(x);
  }
}

const activations = { relu: ReLU, relu6: ReLU6, sigmoid: Sigmoid, swish: Swish };

/** The name of an activation layer. */
export type ActivationName = keyof typeof activations;

/** An activation layer. */
export type Activation = InstanceType<(typeof activations)[ActivationName]>;

/** The activation layer of this name. */
export function activation(name: ActivationName): Activation {
  checkOneOf('activation', name, Object.keys(activations));
  return new activations[name]();
}
