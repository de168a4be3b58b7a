import * as tf from '@tensorflow/tfjs-core';
import { check, checkBoolean, checkInteger, checkOptions } from '../core/errors.js';
import { hasKernel, takesGradient } from '../core/kernels.js';
import { allOrNothing } from '../core/build.js';
import { Module } from '../core/module.js';
import { parameter } from '../core/variables.js';
import { defaultRandom, type Random } from '../core/random.js';
import { runFolded, type ConvolutionWeights } from './folding.js';
import type { FusedActivation } from './fused-activation.js';
import { dilateKernel } from './dilation.js';
import { heNormal, type Initializer } from './initializers.js';
import { addThen } from './add.js';
import {
  endsFixedConv,
  fixedConv,
  fusedConv,
  groupedConv,
  groupedKernel,
  hasGroupedKernel,
} from './grouped-conv.js';
import { tfPadding, type Padding, type TfPadding } from './padding.js';
import { fusesSwish, swish } from './swish.js';

/** Options of {@link Conv2D}. */
export interface Conv2DOptions {
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the output. */
  readonly filters: number;
  /** Side of the square kernel, in pixels. */
  readonly kernelSize: number;
  /** Pixels between two windows. Default 1. */
  readonly stride?: number;
  /** Pixels between two taps of the kernel. Default 1. */
  readonly dilation?: number;
  /**
   * Groups of channels, each convolved for itself: `filters / groups` output channels see `inChannels / groups` input
   * channels. Divides both. Default 1.
   */
  readonly groups?: number;
  /** Default `'valid'`. */
  readonly padding?: Padding;
  /** Whether a bias is added to each filter. Default false. */
  readonly bias?: boolean;
  /** First values of the kernel; the bias starts at zero. Default {@link heNormal}. */
  readonly initializer?: Initializer;
  /** Where the first values come from. Default the stream of `seeded`. */
  readonly random?: Random;
}

/**
 * Convolution over height and width: [N, H, W, inChannels] → [N, H', W', filters].
 * As torch.nn.Conv2d and tf.keras.layers.Conv2D; the kernel is laid out HWIO.
 */
export class Conv2D extends Module {
  /** [kernelSize, kernelSize, inChannels / groups, filters] */
  readonly weight: tf.Variable<tf.Rank.R4>;
  /** [filters] */
  readonly bias: tf.Variable<tf.Rank.R1> | undefined;
  readonly stride: number;
  readonly dilation: number;
  readonly groups: number;
  readonly padding: TfPadding;

  constructor(options: Conv2DOptions) {
    super();
    checkOptions('Conv2D', options, {
      inChannels: true,
      filters: true,
      kernelSize: true,
      stride: true,
      dilation: true,
      groups: true,
      padding: true,
      bias: true,
      initializer: true,
      random: true,
    });
    const {
      inChannels,
      filters,
      kernelSize,
      stride = 1,
      dilation = 1,
      groups = 1,
      padding = 'valid',
    } = options;
    checkInteger('Conv2D: inChannels', inChannels, 1);
    checkInteger('Conv2D: filters', filters, 1);
    checkInteger('Conv2D: kernelSize', kernelSize, 1);
    checkInteger('Conv2D: stride', stride, 1);
    checkInteger('Conv2D: dilation', dilation, 1);
    checkInteger('Conv2D: groups', groups, 1);
    check(
      inChannels % groups === 0 && filters % groups === 0,
      () =>
        `Conv2D: groups is ${groups} with inChannels ${inChannels} and filters ${filters}; give a number that divides both.`,
    );
    this.stride = stride;
    this.dilation = dilation;
    this.groups = groups;
    this.padding = tfPadding(padding, kernelSize, dilation);
    const { bias = false, initializer = heNormal, random = defaultRandom() } = options;
    checkBoolean('bias', bias);
    const taps = kernelSize * kernelSize;
    const depth = inChannels / groups;
    const fans = { count: taps * depth * filters, fanIn: taps * depth, fanOut: taps * filters };
    [this.weight, this.bias] = allOrNothing(() => [
      parameter(() => initializer(random, fans), [kernelSize, kernelSize, depth, filters]),
      bias ? parameter(() => new Float32Array(filters), [filters]) : undefined,
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
      const { stride: strides, padding: pad, groups } = this;
      const { weight, bias } = weights;
      const filter = dilateKernel(weight, this.dilation);
      const convolution = { strides, pad, bias, activation };
      return groups === 1 ? fusedConv(x, filter, convolution) : groupedConv(x, filter, groups, convolution);
    });
  }

  /**
   * activation(convolution + shortcut), in one operation where the backend has one.
   * @param weights - As of {@link forwardFused}.
   */
  forwardAdded(
    x: tf.Tensor4D,
    shortcut: tf.Tensor4D,
    activation: 'linear' | 'relu',
    weights: ConvolutionWeights = this,
  ): tf.Tensor4D {
    return tf.tidy(() => {
      const { stride: strides, padding: pad, dilation, groups } = this;
      const { weight: filter, bias } = weights;
      const fuses = bias && dilation === 1 && (!takesGradient() || endsFixedConv(activation));
      if (fuses && groups === 1 && hasKernel('FusedConv2DResidual')) {
        return fixedConv(x, filter, bias, { strides, pad, bias, activation }, shortcut);
      }
      if (fuses && groups > 1 && !takesGradient() && hasGroupedKernel(x, filter, groups)) {
        return groupedKernel(x, filter, groups, { strides, pad, bias, activation }, shortcut);
      }
      return addThen(this.forwardFused(x, 'linear', weights), shortcut, activation);
    });
  }
}
