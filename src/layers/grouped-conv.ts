import * as tf from '@tensorflow/tfjs-core';
import { check } from '../core/errors.js';
import { hasKernel, runKernel, takesGradient, takesInputGradient } from '../core/kernels.js';
import type { FusedActivation } from './fused-activation.js';
import type { TfPadding } from './padding.js';
import { swish } from './swish.js';

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
  if (bias && takesInputGradient()) {
    if (endsFixedConv(activation)) return fixedConv(x, filter, bias, convolution);
    return activations[activation](fixedConv(x, filter, bias, { ...convolution, activation: 'linear' }));
  }
  // tfjs's type of an activation has no swish, which only this library's backends know.
  return tf.fused.conv2d({ x, filter, strides, pad, bias, activation: activation as 'linear' });
}

/** activation(depthwise(x, filter) + bias), in one operation where the backend has one. */
export function fusedDepthwiseConv(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  convolution: Convolution,
): tf.Tensor4D {
  const { strides, bias, activation } = convolution;
  // Explicit paddings work, and swish on this library's backends, though this operation's types leave them out.
  const pad = convolution.pad as Exclude<TfPadding, tf.backend_util.ExplicitPadding>;
  if (!bias && activation === 'linear') return tf.depthwiseConv2d(x, filter, strides, pad);
  if (takesInputGradient())
    return tf.tidy(() => followed(tf.depthwiseConv2d(x, filter, strides, pad), convolution));
  const known = activation as 'linear';
  return tf.fused.depthwiseConv2d({ x, filter, strides: [strides, strides], pad, bias, activation: known });
}

/**
 * The same with a filter [k, k, inChannels / groups, filters]: each group of output channels sees its group of input
 * channels. One operation where the backend has it or a group is one input channel, else a convolution for each group.
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
    if (!hasGroupedKernel(x, filter, groups)) return composed(x, filter, groups, convolution);
    if (!takesGradient()) return groupedKernel(x, filter, groups, convolution);
    return followed(differentiable(x, filter, groups, convolution), convolution);
  });
}

/** The bias and the activation after a convolution. */
function followed(sums: tf.Tensor4D, { bias, activation }: Convolution): tf.Tensor4D {
  return activations[activation](bias ? tf.add(sums, bias) : sums);
}

/** Whether a gradient of the input alone is taken, and {@link fixedConv} can have this activation in it. */
export function endsFixedConv(activation: FusedActivation): boolean {
  return (
    takesInputGradient() && (activation === 'linear' || (activation === 'relu' && hasKernel('ReluGrad')))
  );
}

/**
 * activation(conv(x, filter) + bias + residual) with gradients of x and residual alone: that of tfjs's computes the others, too,
 * wanted or not. With a residual, the backend has FusedConv2DResidual; a gradient needs {@link endsFixedConv}.
 */
export function fixedConv(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D,
  { strides, pad, activation }: Convolution,
  residual?: tf.Tensor4D,
): tf.Tensor4D {
  const common = { strides, pad, dataFormat: 'NHWC', dilations: [1, 1] };
  const operation = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [x, residual] = args as [tf.Tensor4D, tf.Tensor4D?];
    const inputs = { x, filter, bias, ...(residual && { residual }) };
    const name = residual ? 'FusedConv2DResidual' : 'FusedConv2D';
    const attributes = { ...common, activation } as unknown as tf.NamedAttrMap;
    const value: tf.Tensor4D = tf.engine().runKernel(name, inputs, attributes);
    save(activation === 'relu' ? [filter, value] : [filter]);
    const gradFunc = (gradient: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => {
      const [filter, y] = saved as [tf.Tensor4D, tf.Tensor4D?];
      const dy = y ? runKernel('ReluGrad', { y, dy: gradient as tf.Tensor }) : (gradient as tf.Tensor);
      const attributes = { ...common, inputShape: x.shape, filterStays: true } as unknown as tf.NamedAttrMap;
      const dx: tf.Tensor = tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, attributes);
      return residual ? [dx, tf.clone(dy)] : dx;
    };
    return { value, gradFunc };
  });
  return operation(...(residual ? [x, residual] : [x])) as tf.Tensor4D;
}

/** The activations that may follow where a gradient is taken. */
const activations = {
  linear: (x: tf.Tensor4D) => x,
  relu: (x: tf.Tensor4D) => tf.relu(x),
  relu6: (x: tf.Tensor4D) => tf.relu6(x),
  sigmoid: (x: tf.Tensor4D) => tf.sigmoid(x),
  swish: (x: tf.Tensor4D) => swish(x),
};

/** Whether the backend has a kernel for groups of this size. */
export function hasGroupedKernel(x: tf.Tensor4D, filter: tf.Tensor4D, groups: number): boolean {
  const [, , depth, filters] = filter.shape;
  const inFours = depth % 4 === 0 && (filters / groups) % 4 === 0;
  return inFours && x.dtype === 'float32' && hasKernel('GroupedConv2D');
}

/** activation(convolution + residual), without a gradient. */
export function groupedKernel(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  groups: number,
  { strides, pad, bias, activation }: Convolution,
  residual?: tf.Tensor4D,
): tf.Tensor4D {
  const inputs = { x, filter, ...(bias && { bias }), ...(residual && { residual }) };
  const attributes = { strides, pad, groups, activation } as unknown as tf.NamedAttrMap;
  return runKernel('GroupedConv2D', inputs, attributes) as tf.Tensor4D;
}

/** The convolution alone, with its gradients, that of the filter only where it may be asked for. */
function differentiable(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  groups: number,
  { strides, pad }: Convolution,
): tf.Tensor4D {
  const attributes = { strides, pad, groups } as unknown as tf.NamedAttrMap;
  const inputs = takesInputGradient() ? [x] : [x, filter];
  const operation = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    save([x, filter]);
    return {
      value: groupedKernel(x, filter, groups, { strides, pad, bias: undefined, activation: 'linear' }),
      gradFunc: (gradient, saved) => {
        const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
        const dy = gradient as tf.Tensor;
        const { shape: inputShape } = x;
        const { shape: filterShape } = filter;
        const dx = runKernel('GroupedConv2DBackpropInput', { dy, filter }, { ...attributes, inputShape });
        if (inputs.length === 1) return dx;
        return [dx, runKernel('GroupedConv2DBackpropFilter', { x, dy }, { ...attributes, filterShape })];
      },
    };
  });
  return operation(...inputs) as tf.Tensor4D;
}

function composed(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  groups: number,
  convolution: Convolution,
): tf.Tensor4D {
  const inputs: tf.Tensor4D[] = tf.split(x, groups, 3);
  const kernels: tf.Tensor4D[] = tf.split(filter, groups, 3);
  const biases: tf.Tensor1D[] | undefined = convolution.bias && tf.split(convolution.bias, groups);
  return tf.concat(
    inputs.map((input, i) => fusedConv(input, kernels[i]!, { ...convolution, bias: biases?.[i] })),
    3,
  );
}
