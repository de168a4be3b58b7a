import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { check, checkBoolean, checkInteger, checkOneOf, checkOptions } from '../core/errors.js';
import { Module } from '../core/module.js';
import type { Random } from '../core/random.js';
import { addThen } from '../layers/add.js';
import { AvgPool } from '../layers/pooling.js';
import { SqueezeExcite } from '../layers/squeeze-excite.js';
import { ConvNorm, type ConvNormOptions } from './conv-norm.js';
import { torchvisionBlocks, type BlockConvention } from './convention.js';

/** How much wider a bottleneck's output usually is than its 3x3 convolution. */
const BOTTLENECK_EXPANSION = 4;

/** Options of {@link ResidualBlock}. */
export interface ResidualBlockOptions {
  /** `'basic'`: two 3x3 convolutions; `'bottleneck'`: 1x1, 3x3 and 1x1. */
  readonly kind: 'basic' | 'bottleneck';
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the 3x3 convolutions. */
  readonly channels: number;
  /** Channels of the output. Default `channels`; of a bottleneck four times as many. */
  readonly outChannels?: number;
  /** Of a bottleneck's 3x3 convolution; see Conv2D. Default 1. */
  readonly groups?: number;
  /** Channels that squeeze-excitation squeezes the branch to at its end; 0 is without. Default 0. */
  readonly squeezeChannels?: number;
  /** Default 1. */
  readonly stride?: number;
  /**
   * The shortcut where the shape changes: `'projection'`, a 1x1 convolution with batch norm (the paper's option B);
   * `'average'`, the mean over every 2x2 pixels before it, which then has no stride (ResNet-D); or `'pad'`, every stride-th
   * pixel and zeros for the new channels (option A). `'none'`: no shortcut at all, not even where the shape stays, as in the
   * paper's plain networks. Default `'projection'`.
   */
  readonly shortcut?: 'projection' | 'average' | 'pad' | 'none';
  /** Where a bottleneck's stride stands: `'3x3'` (v1.5, most of today's) or `'1x1'`, the first one (v1). Default `'3x3'`. */
  readonly strideIn?: '3x3' | '1x1';
  /** Starts the last batch norm's weight at zero, so that the block starts as its shortcut. Default false. */
  readonly zeroLast?: boolean;
  /** Default {@link torchvisionBlocks}. */
  readonly convention?: BlockConvention;
  /** Where the first values come from. Default the stream of `seeded`. */
  readonly random?: Random;
}

/**
 * y = relu(H(x, W) + x): a residual branch H of two or three convolutions, and a shortcut. Without shortcut it is a block
 * of a plain network, relu(H(x, W)).
 * [N, H, W, inChannels] → [N, ceil(H / stride), ceil(W / stride), outChannels].
 * Source: He et al. 2015, arXiv 1512.03385, section 3; as torchvision's BasicBlock and Bottleneck.
 */
export class ResidualBlock extends Module {
  readonly conv1: ConvNorm;
  readonly conv2: ConvNorm;
  /** Of a bottleneck only. */
  readonly conv3: ConvNorm | undefined;
  /** At the end of the branch; undefined without squeeze-excitation. */
  readonly squeezeExcite: SqueezeExcite | undefined;
  /** Before the shortcut, where that is `'average'` and the block strided. */
  readonly shortcutPool: AvgPool | undefined;
  /** Undefined where the input itself is the shortcut, and where there is none. */
  readonly shortcut: Module | undefined;
  /** Whether there is no shortcut. */
  readonly plain: boolean;

  constructor(options: ResidualBlockOptions) {
    super();
    checkOptions('ResidualBlock', options, {
      kind: true,
      inChannels: true,
      channels: true,
      outChannels: true,
      groups: true,
      squeezeChannels: true,
      stride: true,
      shortcut: true,
      strideIn: true,
      zeroLast: true,
      convention: true,
      random: true,
    });
    const { kind, inChannels, channels, stride = 1, shortcut = 'projection', strideIn = '3x3' } = options;
    const { zeroLast: zeroWeight = false, groups, squeezeChannels = 0, random } = options;
    const { convention = torchvisionBlocks } = options;
    checkBoolean('zeroLast', zeroWeight);
    checkOneOf('ResidualBlock: kind', kind, ['basic', 'bottleneck']);
    checkOneOf('ResidualBlock: shortcut', shortcut, ['projection', 'average', 'pad', 'none']);
    checkOneOf('ResidualBlock: strideIn', strideIn, ['3x3', '1x1']);
    checkInteger('ResidualBlock: channels', channels, 1);
    checkInteger('ResidualBlock: squeezeChannels', squeezeChannels, 0);
    const { outChannels: filters = kind === 'basic' ? channels : channels * BOTTLENECK_EXPANSION } = options;
    checkInteger('ResidualBlock: outChannels', filters, 1);
    this.plain = shortcut === 'none';
    const unit = (inChannels: number, filters: number, kernelSize: number, more: Partial<ConvNormOptions>) =>
      new ConvNorm({ inChannels, filters, kernelSize, convention, random, ...more });
    const activation = 'relu';
    // What follows a shortcut's addition is the block's; without one it is the last unit's.
    const last = { zeroWeight, activation: this.plain ? activation : undefined } as const;
    if (kind === 'basic') {
      this.conv1 = unit(inChannels, channels, 3, { stride, activation });
      this.conv2 = unit(channels, filters, 3, last);
    } else {
      const [stride1, stride2] = strideIn === '1x1' ? [stride, 1] : [1, stride];
      this.conv1 = unit(inChannels, channels, 1, { stride: stride1, activation });
      this.conv2 = unit(channels, channels, 3, { stride: stride2, groups, activation });
      this.conv3 = unit(channels, filters, 1, last);
    }
    if (squeezeChannels > 0) {
      const { initializer } = convention;
      this.squeezeExcite = new SqueezeExcite({ channels: filters, squeezeChannels, initializer, random });
    }
    if (this.plain || (stride === 1 && inChannels === filters)) return;
    if (shortcut === 'pad') this.shortcut = new PadShortcut(inChannels, filters, stride);
    else if (shortcut === 'average') {
      if (stride > 1) this.shortcutPool = new AvgPool({ size: 2, stride, padding: 'same' });
      this.shortcut = unit(inChannels, filters, 1, {});
    } else this.shortcut = unit(inChannels, filters, 1, { stride });
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.tidy(() => {
      const { conv1, conv2, conv3 } = this;
      let h = conv1.forward(x, context);
      if (conv3) h = conv2.forward(h, context);
      const last = conv3 ?? conv2;
      if (!this.plain && !this.squeezeExcite && last.addsAtOnce(context))
        return last.forwardAdded(h, this.#shortcutOf(x, context), 'relu', context);
      h = last.forward(h, context);
      if (this.squeezeExcite) h = this.squeezeExcite.forward(h);
      return this.plain ? h : addThen(h, this.#shortcutOf(x, context), 'relu');
    });
  }

  #shortcutOf(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const pooled = this.shortcutPool ? this.shortcutPool.forward(x) : x;
    return this.shortcut ? this.shortcut.forward(pooled, context) : pooled;
  }
}

/**
 * The shortcut without parameters: every stride-th pixel, and zero channels, half of them before and half after the
 * input's. Source: He et al. 2015, section 4.2 (option A).
 */
export class PadShortcut extends Module {
  /** Zero channels before the input's. */
  readonly before: number;
  /** Zero channels after the input's. */
  readonly after: number;

  constructor(
    inChannels: number,
    filters: number,
    readonly stride: number,
  ) {
    super();
    check(
      filters >= inChannels,
      () =>
        `PadShortcut: ${inChannels} channels cannot be padded to ${filters}; use the shortcut 'projection'.`,
    );
    this.before = Math.floor((filters - inChannels) / 2);
    this.after = filters - inChannels - this.before;
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      // A mean over windows of one pixel is a strided slice that has a gradient.
      const pixels = this.stride === 1 ? x : tf.avgPool(x, 1, this.stride, 'valid');
      return tf.pad(pixels, [
        [0, 0],
        [0, 0],
        [0, 0],
        [this.before, this.after],
      ]);
    });
  }
}
