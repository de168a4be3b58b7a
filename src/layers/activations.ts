import * as tf from '@tensorflow/tfjs-core';
import { checkOneOf } from '../core/errors.js';
import { Module } from '../core/module.js';
import { swish } from './swish.js';

/** The activations that a fused convolution may end with; swish where the backend has a kernel `Swish`. */
export type FusedActivation = 'linear' | 'relu' | 'relu6' | 'sigmoid' | 'swish';

/** max(x, 0), for a tensor of any shape. */
export class ReLU extends Module {
  readonly fused = 'relu';
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu(x);
  }
}

/** min(max(x, 0), 6): Krizhevsky 2010; EfficientNet-Lite's. */
export class ReLU6 extends Module {
  readonly fused = 'relu6';
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu6(x);
  }
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module {
  readonly fused = 'sigmoid';
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.sigmoid(x);
  }
}

/** x * sigmoid(x), also called SiLU: Ramachandran et al. 2017, arXiv 1710.05941. */
export class Swish extends Module {
  readonly fused = 'swish';
  override forward(x: tf.Tensor4D): tf.Tensor4D {
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
