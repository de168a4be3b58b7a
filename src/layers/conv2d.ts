import * as tf from '@tensorflow/tfjs-core';
import { checkBoolean, checkInteger, checkOptions } from '../core/errors.js';
import { hasKernel, runKernel, takesGradient } from '../core/kernels.js';
import { allOrNothing, Module, parameter } from '../core/module.js';
import type { Random } from '../core/random.js';
import type { FusedActivation } from './activations.js';
import { dilateKernel } from './dilation.js';
import { heNormal, type Initializer } from './initializers.js';
import { addThen } from './add.js';
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
  /** Default `'valid'`. */
  readonly padding?: Padding;
  /** Whether a bias is added to each filter. Default false. */
  readonly bias?: boolean;
  /** First values of the kernel; the bias starts at zero. Default {@link heNormal}. */
  readonly initializer?: Initializer;
  /** Where the first values come from. */
  readonly random: Random;
}

/**
 * Convolution over height and width: [N, H, W, inChannels] → [N, H', W', filters].
 * As torch.nn.Conv2d (groups 1) and tf.keras.layers.Conv2D; the kernel is laid out HWIO.
 */
export class Conv2D extends Module {
  /** [kernelSize, kernelSize, inChannels, filters] */
  readonly weight: tf.Variable<tf.Rank.R4>;
  /** [filters] */
  bias: tf.Variable<tf.Rank.R1> | undefined;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: TfPadding;

  constructor(options: Conv2DOptions) {
    super();
    checkOptions('Conv2D', options, {
      inChannels: true,
      filters: true,
      kernelSize: true,
      stride: true,
      dilation: true,
      padding: true,
      bias: true,
      initializer: true,
      random: true,
    });
    const { inChannels, filters, kernelSize, stride = 1, dilation = 1, padding = 'valid' } = options;
    checkInteger('Conv2D: inChannels', inChannels, 1);
    checkInteger('Conv2D: filters', filters, 1);
    checkInteger('Conv2D: kernelSize', kernelSize, 1);
    checkInteger('Conv2D: stride', stride, 1);
    checkInteger('Conv2D: dilation', dilation, 1);
    this.stride = stride;
    this.dilation = dilation;
    this.padding = tfPadding(padding, kernelSize, dilation);
    const { bias = false, initializer = heNormal, random } = options;
    checkBoolean('bias', bias);
    const taps = kernelSize * kernelSize;
    const kernel = { count: taps * inChannels * filters, fanIn: taps * inChannels, fanOut: taps * filters };
    [this.weight, this.bias] = allOrNothing(() => [
      parameter(() => initializer(random, kernel), [kernelSize, kernelSize, inChannels, filters]),
      bias ? parameter(() => new Float32Array(filters), [filters]) : undefined,
    ]);
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.forwardFused(x, 'linear');
  }

  /** The convolution with its bias and then an activation, in one operation where the backend has one. */
  forwardFused(x: tf.Tensor4D, activation: FusedActivation): tf.Tensor4D {
    return tf.tidy(() => {
      if (activation === 'swish' && !fusesSwish()) return swish(this.forwardFused(x, 'linear'));
      const { stride, padding, bias } = this;
      const filter = dilateKernel(this.weight as tf.Tensor4D, this.dilation);
      if (!bias && activation === 'linear') return tf.conv2d(x, filter, stride, padding);
      // tfjs's type of an activation has no swish, which only backends of our own know.
      const known = activation as 'linear';
      return tf.fused.conv2d({ x, filter, strides: stride, pad: padding, bias, activation: known });
    });
  }

  /** activation(convolution + shortcut), in one operation where the backend has one. */
  forwardAdded(x: tf.Tensor4D, shortcut: tf.Tensor4D, activation: 'linear' | 'relu'): tf.Tensor4D {
    return tf.tidy(() => {
      const { weight, bias, stride: strides, padding: pad, dilation } = this;
      if (!bias || dilation > 1 || takesGradient() || !hasKernel('FusedConv2DResidual')) {
        return addThen(this.forward(x), shortcut, activation);
      }
      const attributes = { strides, pad, dataFormat: 'NHWC', dilations: 1, activation };
      const inputs = { x, filter: weight, bias, residual: shortcut };
      return runKernel('FusedConv2DResidual', inputs, attributes as tf.NamedAttrMap) as tf.Tensor4D;
    });
  }
}
