import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { check, checkAtLeastZero, checkFraction, checkInteger, checkOptions, shown } from '../core/errors.js';
import { Module } from '../core/module.js';
import type { Random } from '../core/random.js';
import type { ActivationName } from '../layers/activations.js';
import { StochasticDepth } from '../layers/dropout.js';
import { SqueezeExcite, squeezeChannels } from '../layers/squeeze-excite.js';
import { ConvNorm } from './conv-norm.js';
import { torchvisionBlocks, type BlockConvention } from './convention.js';

/** Options of {@link MBConv}. */
export interface MBConvOptions {
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the output. */
  readonly outChannels: number;
  /** Side of the depthwise kernel, in pixels. */
  readonly kernelSize: number;
  /** Default 1. */
  readonly stride?: number;
  /** Channels of the depthwise convolution by channels of the input; 1 means no expanding convolution. */
  readonly expandRatio: number;
  /** Channels of the squeeze by channels of the block's input; 0 means no squeeze-excitation. Default 0.25. */
  readonly squeezeRatio?: number;
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
 * Channels that a block's first convolution makes.
 * @throws ArgumentError where `inChannels` or their product is no positive integer.
 */
export function expandedChannels(block: string, inChannels: number, expandRatio: number): number {
  checkInteger(`${block}: inChannels`, inChannels, 1);
  const channels = inChannels * expandRatio;
  check(
    Number.isInteger(channels) && channels > 0,
    () =>
      `${block}: expandRatio is ${shown(expandRatio)}, which makes ${channels} channels of ${inChannels}; give a ratio ` +
      'that makes a positive integer of them, such as 6.',
  );
  return channels;
}

/**
 * The mobile inverted bottleneck: expand (1x1), depthwise, squeeze-excite, project (1x1); plus the input where
 * stride is 1 and the channels stay the same. [N, H, W, inChannels] → [N, ceil(H / stride), ceil(W / stride),
 * outChannels]. Source: Sandler et al. 2018, arXiv 1801.04381; Tan and Le 2019, arXiv 1905.11946, table 1.
 */
export class MBConv extends Module {
  /** Undefined where the expand ratio is 1. */
  readonly expand: ConvNorm | undefined;
  readonly depthwise: ConvNorm;
  /** Undefined where the squeeze ratio is 0. */
  readonly squeezeExcite: SqueezeExcite | undefined;
  readonly project: ConvNorm;
  /** Undefined where there is no skip connection. */
  readonly stochasticDepth: StochasticDepth | undefined;

  constructor(options: MBConvOptions) {
    super();
    checkOptions('MBConv', options, {
      inChannels: true,
      outChannels: true,
      kernelSize: true,
      stride: true,
      expandRatio: true,
      squeezeRatio: true,
      activation: true,
      stochasticDepth: true,
      convention: true,
      random: true,
    });
    const { inChannels, outChannels, kernelSize, stride = 1, expandRatio, random } = options;
    const { convention = torchvisionBlocks } = options;
    const { squeezeRatio = 0.25, activation = 'swish', stochasticDepth = 0 } = options;
    checkInteger('MBConv: outChannels', outChannels, 1);
    checkAtLeastZero('MBConv: squeezeRatio', squeezeRatio);
    checkFraction('MBConv: stochasticDepth', stochasticDepth);
    const common = { convention, random };
    const channels = expandedChannels('MBConv', inChannels, expandRatio);
    if (expandRatio !== 1) {
      this.expand = new ConvNorm({ inChannels, filters: channels, kernelSize: 1, activation, ...common });
    }
    const depthwise = { filters: 'depthwise', kernelSize, stride, activation } as const;
    this.depthwise = new ConvNorm({ inChannels: channels, ...depthwise, ...common });
    if (squeezeRatio > 0) {
      const squeezed = squeezeChannels(inChannels, squeezeRatio);
      const { initializer } = convention;
      this.squeezeExcite = new SqueezeExcite({
        channels,
        squeezeChannels: squeezed,
        activation,
        initializer,
        random,
      });
    }
    this.project = new ConvNorm({ inChannels: channels, filters: outChannels, kernelSize: 1, ...common });
    if (stride === 1 && inChannels === outChannels)
      this.stochasticDepth = new StochasticDepth(stochasticDepth);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.tidy(() => {
      let h = this.expand ? this.expand.forward(x, context) : x;
      h = this.depthwise.forward(h, context);
      if (this.squeezeExcite) h = this.squeezeExcite.forward(h);
      const { project, stochasticDepth } = this;
      if (!stochasticDepth) return project.forward(h, context);
      if (context.training && stochasticDepth.rate > 0)
        return tf.add(stochasticDepth.forward(project.forward(h, context), context), x);
      if (project.addsAtOnce(context)) return project.forwardAdded(h, x, 'linear', context);
      return tf.add(project.forward(h, context), x);
    });
  }
}
