import * as tf from '@tensorflow/tfjs-core';
import { check } from '../core/errors.js';
import type { FusedActivation } from './activations.js';
import type { TfPadding } from './padding.js';

/** What a convolution does besides its inputs. */
export interface Convolution {
  readonly strides: number;
  readonly pad: TfPadding;
  readonly bias: tf.Tensor1D | undefined;
  /** Swish only where the backend has it. */
  readonly activation: FusedActivation;
}

/** activation(conv(x, filter) + bias), in one operation where the backend has one. */
export function fusedConv(x: tf.Tensor4D, filter: tf.Tensor4D, convolution: Convolution): tf.Tensor4D {
  const { strides, pad, bias, activation } = convolution;
  if (!bias && activation === 'linear') return tf.conv2d(x, filter, strides, pad);
  // tfjs's type of an activation has no swish, which only backends of our own know.
  return tf.fused.conv2d({ x, filter, strides, pad, bias, activation: activation as 'linear' });
}

/** activation(depthwise(x, filter) + bias), in one operation where the backend has one. */
export function fusedDepthwiseConv(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  convolution: Convolution,
): tf.Tensor4D {
  const { strides, bias, activation } = convolution;
  // Explicit paddings work, and swish on backends of our own, though this operation's types leave them out.
  const pad = convolution.pad as Exclude<TfPadding, tf.backend_util.ExplicitPadding>;
  if (!bias && activation === 'linear') return tf.depthwiseConv2d(x, filter, strides, pad);
  const known = activation as 'linear';
  return tf.fused.depthwiseConv2d({ x, filter, strides: [strides, strides], pad, bias, activation: known });
}

/**
 * The same with a filter [k, k, inChannels / groups, filters]: each group of output channels sees its group of input
 * channels. A convolution for each group, or a depthwise convolution where a group is one input channel.
 */
export function groupedConv(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  groups: number,
  convolution: Convolution,
): tf.Tensor4D {
  const [height, width, depth, filters] = filter.shape;
  check(
    x.shape[3] === depth * groups,
    () => `Conv2D got [${x.shape}]; give ${depth * groups} channels, the last axis of four.`,
  );
  return tf.tidy(() => {
    if (depth === 1) {
      const perChannel: tf.Tensor4D = tf.reshape(filter, [height, width, groups, filters / groups]);
      return fusedDepthwiseConv(x, perChannel, convolution);
    }
    const inputs: tf.Tensor4D[] = tf.split(x, groups, 3);
    const kernels: tf.Tensor4D[] = tf.split(filter, groups, 3);
    const biases: tf.Tensor1D[] | undefined = convolution.bias && tf.split(convolution.bias, groups);
    return tf.concat(
      inputs.map((input, i) => fusedConv(input, kernels[i]!, { ...convolution, bias: biases?.[i] })),
      3,
    );
  });
}
