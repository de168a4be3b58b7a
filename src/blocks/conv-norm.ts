import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { check, checkOptions } from '../core/errors.js';
import { allOrNothing } from '../core/build.js';
import { Module } from '../core/module.js';
import type { Random } from '../core/random.js';
import { activation, type Activation, type ActivationName } from '../layers/activations.js';
import { addThen } from '../layers/add.js';
import { BatchNorm } from '../layers/batch-norm.js';
import { Conv2D } from '../layers/conv2d.js';
import { DepthwiseConv2D } from '../layers/depthwise-conv2d.js';
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
  /** Undefined after {@link fold}. */
  norm: BatchNorm | undefined;
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
    if (!norm) {
      if (!this.isFrozen) refuseTraining(context);
      return conv.forwardFused(x, activation?.fused ?? 'linear');
    }
    return tf.tidy(() => {
      const y = conv.forward(x);
      if (activation?.fused === 'sigmoid') return activation.forward(norm.forward(y, context));
      return norm.forwardFused(y, context, activation?.fused ?? 'linear');
    });
  }

  /** Whether {@link forwardAdded} may add in the operation that it ends with. */
  addsAtOnce(context: Context): boolean {
    return context.training || (!this.norm && !this.activation && this.conv instanceof Conv2D);
  }

  /** What follows a residual branch that ends here: then(forward(x) + shortcut). */
  forwardAdded(
    x: tf.Tensor4D,
    shortcut: tf.Tensor4D,
    then: 'linear' | 'relu',
    context: Context,
  ): tf.Tensor4D {
    const { conv, norm, activation } = this;
    if (!norm && !activation && conv instanceof Conv2D) {
      if (!this.isFrozen) refuseTraining(context);
      return conv.forwardAdded(x, shortcut, then);
    }
    return tf.tidy(() => {
      if (norm && !activation) return norm.forwardFused(conv.forward(x), context, then, shortcut);
      return addThen(this.forward(x, context), shortcut, then);
    });
  }

  /**
   * Folds the batch norm's evaluation into the convolution: kernel * s and bias (bias - mean) * s + beta, where
   * s = weight / sqrt(variance + epsilon). The output stays the same up to rounding; training ends here.
   */
  fold(): void {
    foldAll([this]);
  }
}

/** As {@link ConvNorm.fold}, of every unit, or where one cannot be folded, of none. */
export function foldAll(units: Iterable<ConvNorm>): void {
  tf.tidy(() => {
    const folded = allOrNothing(() => Array.from(new Set(units), (unit) => ({ unit, ...foldedConv(unit) })));
    for (const { unit, kernel, bias } of folded) {
      if (!unit.norm) continue;
      unit.conv.weight.assign(kernel!);
      unit.conv.bias?.dispose();
      unit.conv.bias = bias;
      unit.norm.dispose();
      unit.norm = undefined;
    }
  });
}

/** The convolution with its batch norm, where it has one. */
function foldedConv({ conv, norm }: ConvNorm) {
  if (!norm) return undefined;
  // On the device: reading would wait for it, or not be possible at once.
  return tf.tidy(() => {
    const scale = tf.mul(norm.weight, tf.rsqrt(tf.add(norm.runningVariance, norm.epsilon)));
    const perFilter = conv instanceof DepthwiseConv2D ? tf.reshape(scale, [-1, 1]) : scale;
    const shift = tf.sub(conv.bias ?? 0, norm.runningMean);
    const bias = tf.variable(tf.add(tf.mul(shift, scale), norm.bias) as tf.Tensor1D);
    return { kernel: tf.mul(conv.weight, perFilter) as tf.Tensor4D, bias };
  });
}

function refuseTraining(context: Context): void {
  check(
    !context.training,
    () => 'A fused network cannot be trained: its batch norms are folded away. Build it again.',
  );
}
