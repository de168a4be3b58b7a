import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../core/errors.js';
import { Module } from '../core/module.js';
import type { Random } from '../core/random.js';
import { activation, type Activation, type ActivationName } from './activations.js';
import { Conv2D } from './conv2d.js';
import type { Initializer } from './initializers.js';
import { imageMean } from './pooling.js';

/** Options of {@link SqueezeExcite}. */
export interface SqueezeExciteOptions {
  /** Channels of the input and of the output. */
  readonly channels: number;
  /** Channels between the two convolutions. */
  readonly squeezeChannels: number;
  /** After the first convolution; the second always has a sigmoid. Default `'relu'`; EfficientNet's is `'swish'`. */
  readonly activation?: ActivationName;
  /** First values of the kernels. Default He normal. */
  readonly initializer?: Initializer;
  /** Where the first values come from. Default the stream of `seeded`. */
  readonly random?: Random;
}

/**
 * The channels that squeeze-excitation squeezes to: max(1, int(ratio * channels)), of the input channels of the
 * block that it stands in and not of the expanded ones (EfficientNet's reference implementation).
 */
export function squeezeChannels(blockInChannels: number, ratio: number): number {
  return Math.max(1, Math.floor(blockInChannels * ratio));
}

/**
 * Weighs each channel by what the whole image says of it: x * sigmoid(expand(activation(reduce(mean(x))))).
 * [N, H, W, channels] → the same. Source: Hu et al. 2018, arXiv 1709.01507; as torchvision.ops.SqueezeExcitation.
 */
export class SqueezeExcite extends Module {
  readonly reduce: Conv2D;
  readonly activation: Activation;
  readonly expand: Conv2D;

  constructor(options: SqueezeExciteOptions) {
    super();
    checkOptions('SqueezeExcite', options, {
      channels: true,
      squeezeChannels: true,
      activation: true,
      initializer: true,
      random: true,
    });
    const { channels, squeezeChannels, activation: name = 'relu', ...common } = options;
    const pointwise = { kernelSize: 1, bias: true, ...common };
    this.reduce = new Conv2D({ inChannels: channels, filters: squeezeChannels, ...pointwise });
    this.activation = activation(name);
    this.expand = new Conv2D({ inChannels: squeezeChannels, filters: channels, ...pointwise });
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const reduced = this.reduce.forwardFused(imageMean(x), this.activation.fused);
      return tf.mul(x, this.expand.forwardFused(reduced, 'sigmoid'));
    });
  }
}
