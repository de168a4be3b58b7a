import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { checkFraction, checkInteger, checkOptions } from '../core/errors.js';
import { Module } from '../core/module.js';
import type { Random } from '../core/random.js';
import type { ActivationName } from '../layers/activations.js';
import { StochasticDepth } from '../layers/dropout.js';
import { ConvNorm } from './conv-norm.js';
import { expandedChannels } from './mb-conv.js';
import { torchvisionBlocks, type BlockConvention } from './convention.js';

/** Options of {@link FusedMBConv}. */
export interface FusedMBConvOptions {
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the output. */
  readonly outChannels: number;
  /** Side of the kernel of the first convolution, in pixels. */
  readonly kernelSize: number;
  /** Of the first convolution. Default 1. */
  readonly stride?: number;
  /** Channels between the two convolutions by channels of the input; 1 means one convolution alone. */
  readonly expandRatio: number;
  /** Default `'swish'`. */
  readonly activation?: ActivationName;
  /** Probability to drop the residual branch of a sample in training. Default 0. */
  readonly stochasticDepth?: number;
  /** Default {@link torchvisionBlocks}. */
  readonly convention?: BlockConvention;
  /** Where the first values come from. Default the stream of `seeded`. */
  readonly random?: Random;
}

/**
 * MBConv with one full convolution in the place of the 1x1 and the depthwise one: expand (k x k), project (1x1); plus the input
 * where stride is 1 and the channels stay the same. Where the expand ratio is 1, one k x k convolution and an activation.
 * [N, H, W, inChannels] → [N, ceil(H / stride), ceil(W / stride), outChannels].
 * Source: Tan and Le 2021, arXiv 2104.00298, figure 2; as torchvision's FusedMBConv, without squeeze-excitation.
 */
export class FusedMBConv extends Module {
  /** Undefined where the expand ratio is 1. */
  readonly expand: ConvNorm | undefined;
  readonly project: ConvNorm;
  /** Undefined where there is no skip connection. */
  readonly stochasticDepth: StochasticDepth | undefined;

  constructor(options: FusedMBConvOptions) {
    super();
    checkOptions('FusedMBConv', options, {
      inChannels: true,
      outChannels: true,
      kernelSize: true,
      stride: true,
      expandRatio: true,
      activation: true,
      stochasticDepth: true,
      convention: true,
      random: true,
    });
    const { inChannels, outChannels, kernelSize, stride = 1, expandRatio, random } = options;
    const { convention = torchvisionBlocks, activation = 'swish', stochasticDepth = 0 } = options;
    checkInteger('FusedMBConv: outChannels', outChannels, 1);
    checkFraction('FusedMBConv: stochasticDepth', stochasticDepth);
    const channels = expandedChannels('FusedMBConv', inChannels, expandRatio);
    const common = { convention, random };
    if (expandRatio === 1) {
      const filters = outChannels;
      this.project = new ConvNorm({ inChannels, filters, kernelSize, stride, activation, ...common });
    } else {
      this.expand = new ConvNorm({
        inChannels,
        filters: channels,
        kernelSize,
        stride,
        activation,
        ...common,
      });
      this.project = new ConvNorm({ inChannels: channels, filters: outChannels, kernelSize: 1, ...common });
    }
    if (stride === 1 && inChannels === outChannels)
      this.stochasticDepth = new StochasticDepth(stochasticDepth);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.tidy(() => {
      const { expand, project, stochasticDepth } = this;
      const h = expand ? expand.forward(x, context) : x;
      if (!stochasticDepth) return project.forward(h, context);
      if (context.training && stochasticDepth.rate > 0)
        return tf.add(stochasticDepth.forward(project.forward(h, context), context), x);
      if (project.addsAtOnce(context)) return project.forwardAdded(h, x, 'linear', context);
      return tf.add(project.forward(h, context), x);
    });
  }
}
