import * as tf from '@tensorflow/tfjs-core';
import { checkBoolean, checkInteger, checkOneOf, checkOptions } from '../core/errors.js';
import { allOrNothing } from '../core/build.js';
import { Module } from '../core/module.js';
import { parameter } from '../core/variables.js';
import { defaultRandom, type Random } from '../core/random.js';
import { runFolded, type ConvolutionWeights } from './folding.js';
import type { FusedActivation } from './fused-activation.js';
import { dilateKernel } from './dilation.js';
import { fusedDepthwiseConv } from './grouped-conv.js';
import { heNormal, type Initializer } from './initializers.js';
import { tfPadding, type Padding, type TfPadding } from './padding.js';
import { fusesSwish, swish } from './swish.js';

/** Options of {@link DepthwiseConv2D}. */
export interface DepthwiseConv2DOptions {
  /** Channels of the input and of the output. */
  readonly channels: number;
  /** Side of the square kernels, in pixels. */
  readonly kernelSize: number;
  /** Pixels between two windows. Default 1. */
  readonly stride?: number;
  /** Pixels between two taps of a kernel. Default 1. */
  readonly dilation?: number;
  /** Default `'valid'`. */
  readonly padding?: Padding;
  /** Whether a bias is added to each channel. Default false. */
  readonly bias?: boolean;
  /** First values of the kernels; the bias starts at zero. Default {@link heNormal}. */
  readonly initializer?: Initializer;
  /**
   * The fan-out that the initialiser gets: `'channel'` counts k * k, as TensorFlow does; `'layer'` counts
   * channels * k * k, as PyTorch does. Default `'channel'`.
   */
  readonly fanOut?: 'channel' | 'layer';
  /** Where the first values come from. Default the stream of `seeded`. */
  readonly random?: Random;
}

/**
 * Convolution of each channel with its kernel: [N, H, W, channels] → [N, H', W', channels].
 * As torch.nn.Conv2d with groups = channels and tf.keras.layers.DepthwiseConv2D with multiplier 1.
 */
export class DepthwiseConv2D extends Module {
  /** [kernelSize, kernelSize, channels, 1] */
  readonly weight: tf.Variable<tf.Rank.R4>;
  /** [channels] */
  readonly bias: tf.Variable<tf.Rank.R1> | undefined;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: TfPadding;

  constructor(options: DepthwiseConv2DOptions) {
    super();
    checkOptions('DepthwiseConv2D', options, {
      channels: true,
      kernelSize: true,
      stride: true,
      dilation: true,
      padding: true,
      bias: true,
      initializer: true,
      fanOut: true,
      random: true,
    });
    const { channels, kernelSize, stride = 1, dilation = 1, padding = 'valid' } = options;
    checkInteger('DepthwiseConv2D: channels', channels, 1);
    checkInteger('DepthwiseConv2D: kernelSize', kernelSize, 1);
    checkInteger('DepthwiseConv2D: stride', stride, 1);
    checkInteger('DepthwiseConv2D: dilation', dilation, 1);
    this.stride = stride;
    this.dilation = dilation;
    this.padding = tfPadding(padding, kernelSize, dilation);
    const { bias = false, initializer = heNormal, fanOut = 'channel', random = defaultRandom() } = options;
    checkBoolean('bias', bias);
    checkOneOf('DepthwiseConv2D: fanOut', fanOut, ['channel', 'layer']);
    const taps = kernelSize * kernelSize;
    const fans = {
      count: taps * channels,
      fanIn: taps,
      fanOut: fanOut === 'layer' ? taps * channels : taps,
    };
    [this.weight, this.bias] = allOrNothing(() => [
      parameter(() => initializer(random, fans), [kernelSize, kernelSize, channels, 1]),
      bias ? parameter(() => new Float32Array(channels), [channels]) : undefined,
    ]);
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return runFolded(this, x) ?? this.forwardFused(x, 'linear');
  }

  /**
   * The convolution with its bias and then an activation, in one operation where the backend has one.
   * @param weights - Other tensors of the same shapes to compute with. Default this layer's variables.
   */
  forwardFused(x: tf.Tensor4D, activation: FusedActivation, weights: ConvolutionWeights = this): tf.Tensor4D {
    return tf.tidy(() => {
      if (activation === 'swish' && !fusesSwish()) return swish(this.forwardFused(x, 'linear', weights));
      const { stride: strides, padding: pad } = this;
      const { weight, bias } = weights;
      const filter = dilateKernel(weight, this.dilation);
      return fusedDepthwiseConv(x, filter, { strides, pad, bias, activation });
    });
  }
}
