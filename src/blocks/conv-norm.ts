import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { checkOptions } from '../core/errors.js';
import { Module } from '../core/module.js';
import type { Random } from '../core/random.js';
import { activation, type Activation, type ActivationName } from '../layers/activations.js';
import { addThen } from '../layers/add.js';
import { BatchNorm } from '../layers/batch-norm.js';
import { Conv2D } from '../layers/conv2d.js';
import { DepthwiseConv2D } from '../layers/depthwise-conv2d.js';
import { foldedWeights, runFolded } from '../layers/folding.js';
import { torchvisionBlocks, type BlockConvention } from './convention.js';

/** Options of {@link ConvNorm}. */
export interface ConvNormOptions {
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the output, or `'depthwise'` for one kernel a channel. */
  readonly filters: number | 'depthwise';
  /** Side of the square kernel, in pixels. */
  readonly kernelSize: number;
  /** Groups of channels of the convolution, where it is not depthwise. Default 1. */
  readonly groups?: number;
  /** Default 1. */
  readonly stride?: number;
  /** After the batch norm. Default none. */
  readonly activation?: ActivationName;
  /** Starts the batch norm's weight at zero. Default false. */
  readonly zeroWeight?: boolean;
  /** Default {@link torchvisionBlocks}. */
  readonly convention?: BlockConvention;
  /** Where the first values come from. Default the stream of `seeded`. */
  readonly random?: Random;
}

/**
 * Convolution, batch norm, activation: the unit that every network here is made of.
 * [N, H, W, inChannels] → [N, ceil(H / stride), ceil(W / stride), filters].
 */
export class ConvNorm extends Module {
  readonly conv: Conv2D | DepthwiseConv2D;
  readonly norm: BatchNorm;
  readonly activation: Activation | undefined;

  constructor(options: ConvNormOptions) {
    super();
    checkOptions('ConvNorm', options, {
      inChannels: true,
      filters: true,
      kernelSize: true,
      groups: true,
      stride: true,
      activation: true,
      zeroWeight: true,
      convention: true,
      random: true,
    });
    const {
      inChannels,
      filters,
      kernelSize,
      groups = 1,
      stride = 1,
      zeroWeight = false,
      convention = torchvisionBlocks,
      random,
    } = options;
    const { padding, convolutionBias: bias, initializer, depthwiseFanOut: fanOut, batchNorm } = convention;
    const common = { kernelSize, stride, padding, bias, initializer, random };
    this.activation = options.activation && activation(options.activation);
    this.conv =
      filters === 'depthwise'
        ? new DepthwiseConv2D({ channels: inChannels, fanOut, ...common })
        : new Conv2D({ inChannels, filters, groups, ...common });
    const channels = filters === 'depthwise' ? inChannels : filters;
    this.norm = new BatchNorm({ channels, zeroWeight, ...batchNorm });
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const { conv, norm, activation } = this;
    return tf.tidy(() => {
      const folded = this.#mayBeFolded(context) ? runFolded(this, x) : undefined;
      if (folded) return folded;
      const y = conv.forward(x);
      if (activation?.fused === 'sigmoid') return activation.forward(norm.forward(y, context));
      return norm.forwardFused(y, context, activation?.fused ?? 'linear');
    });
  }

  /** Whether {@link forwardAdded} may add in the operation that it ends with. */
  addsAtOnce(context: Context): boolean {
    return context.training || this.#foldedAddition(context) !== undefined;
  }

  /** What follows a residual branch that ends here: then(forward(x) + shortcut). */
  forwardAdded(
    x: tf.Tensor4D,
    shortcut: tf.Tensor4D,
    then: 'linear' | 'relu',
    context: Context,
  ): tf.Tensor4D {
    const { conv, norm, activation } = this;
    return tf.tidy(() => {
      const folded = this.#foldedAddition(context);
      if (folded) return folded.conv.forwardAdded(x, shortcut, then, folded.weights);
      if (activation || (this.#mayBeFolded(context) && foldedWeights(this)))
        return addThen(this.forward(x, context), shortcut, then);
      return norm.forwardFused(conv.forward(x), context, then, shortcut);
    });
  }

  /** The convolution and its folded weights, where nothing comes between it and an addition. */
  #foldedAddition(context: Context) {
    const { conv, activation } = this;
    if (activation || !(conv instanceof Conv2D) || !this.#mayBeFolded(context)) return undefined;
    const weights = foldedWeights(this);
    return weights && { conv, weights };
  }

  /** Whether the batch norm acts as in evaluation. */
  #mayBeFolded(context: Context): boolean {
    return !context.training || this.norm.isFrozen;
  }
}
