import * as tf from '@tensorflow/tfjs-core';
import { checkInteger, checkOptions } from '../core/errors.js';
import { hasKernel, runKernel } from '../core/kernels.js';
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
    checkInteger('SqueezeExcite: channels', channels, 1);
    checkInteger('SqueezeExcite: squeezeChannels', squeezeChannels, 1);
    const pointwise = { kernelSize: 1, bias: true, ...common };
    this.reduce = new Conv2D({ inChannels: channels, filters: squeezeChannels, ...pointwise });
    this.activation = activation(name);
    this.expand = new Conv2D({ inChannels: squeezeChannels, filters: channels, ...pointwise });
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    if (hasKernel('SqueezeExcite')) return this.#forwardFused(x);
    return tf.tidy(() => {
      const reduced = this.reduce.forwardFused(imageMean(x), this.activation.fused);
      return tf.mul(x, this.expand.forwardFused(reduced, 'sigmoid'));
    });
  }

  /** By the kernel that some backends have: of x's size it keeps x alone. */
  #forwardFused(x: tf.Tensor4D): tf.Tensor4D {
    const { reduce, expand } = this;
    const attrs = { activation: this.activation.fused };
    const operation = tf.customGrad((...args) => {
      const [x, reduceWeight, reduceBias, expandWeight, expandBias, save] = args as unknown as Arguments;
      const inputs = { x, reduceWeight, reduceBias, expandWeight, expandBias };
      const [y, mean, reduced, gate] = runKernel('SqueezeExcite', inputs, attrs) as Outputs;
      save([x, mean, reduced, gate, reduceWeight, expandWeight]);
      const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => {
        const [x, mean, reduced, gate, reduceWeight, expandWeight] = saved as Saved;
        const inputs = { x, dy: dy as tf.Tensor, mean, reduced, gate, reduceWeight, expandWeight };
        return runKernel('SqueezeExciteGrad', inputs, attrs);
      };
      return { value: y, gradFunc };
    });
    return operation(x, reduce.weight, reduce.bias!, expand.weight, expand.bias!) as tf.Tensor4D;
  }
}

type Five = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
type Arguments = [...Five, tf.GradSaveFunc];
type Outputs = [y: tf.Tensor4D, mean: tf.Tensor, reduced: tf.Tensor, gate: tf.Tensor];
type Saved = [...Five, tf.Tensor];
