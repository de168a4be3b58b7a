import * as tf from '@tensorflow/tfjs-core';

/**
 * Kernels that tfjs does not define and only some backends have (here `simd`); layers use them where they can and
 * compose tfjs's own operations elsewhere. None has a gradient that tfjs knows of.
 */
interface OptionalKernels {
  /** x * sigmoid(x), of x. A backend that has it also takes `'swish'` for a fused convolution's activation. */
  Swish: tf.Tensor;
  /** The gradient of swish, of x and dy. */
  SwishGrad: tf.Tensor;
  /** relu(a + b), of a and b of one shape. */
  AddRelu: tf.Tensor;
  /** The gradient of a ReLU, of its output y and dy. */
  ReluGrad: tf.Tensor;
  /** FusedConv2D that also takes a `residual`, which it adds before the activation. */
  FusedConv2DResidual: tf.Tensor;
  /**
   * Convolution of groups of channels, of x, filter [k, k, inChannels / groups, filters], and where given bias and residual;
   * attributes are strides, pad, groups and activation. A group has a multiple of four channels, in and out.
   */
  GroupedConv2D: tf.Tensor;
  /** The gradient of x, of dy and filter, with strides, pad, groups and inputShape. */
  GroupedConv2DBackpropInput: tf.Tensor;
  /** The gradient of filter, of x and dy, with strides, pad, groups and filterShape. */
  GroupedConv2DBackpropFilter: tf.Tensor;
  /**
   * Batch norm of training and a clamp to [low, high] (attributes, with epsilon), of x, scale and offset: y, mean, biased
   * variance, and 1 / sqrt(variance + epsilon).
   */
  BatchNormTraining: tf.Tensor[];
  /** The gradients of x, scale and offset, of x, dy, scale, mean, inverseDeviation, and of y where it is clamped. */
  BatchNormTrainingGrad: tf.Tensor[];
}

/**
 * The same, but changing tensors in place: `variable` and its state, in one pass over the memory. Attributes are numbers:
 * `rate` is the learning rate, `decay` times the weights is added to the gradient, and `keep` multiplies the weights.
 */
export type UpdateName =
  /** SGD, of variable, momentum (none without it) and gradient; momentum and nesterov, 0 or 1, are attributes. */
  | 'SGDStep'
  /** Adam, of variable, mean, meanSquare and gradient, with beta1, beta2, meanScale, rootScale and epsilon. */
  | 'AdamStep'
  /** TensorFlow's RMSProp, of variable, meanSquare, momentum (or none) and gradient, with rho, momentum and epsilon. */
  | 'RMSPropStep'
  /** Moves `variable`, an average, by `rate` of the way to `gradient`, the present values. */
  | 'MovingAverageStep';

/** Whether the current backend has a kernel that tfjs does not define. */
export function hasKernel(name: keyof OptionalKernels | UpdateName): boolean {
  tf.backend(); // Chooses the backend where none is yet.
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a kernel that {@link hasKernel} has found. */
export function runKernel<Name extends keyof OptionalKernels>(
  name: Name,
  inputs: tf.NamedTensorMap,
  attrs: tf.NamedAttrMap = {},
): OptionalKernels[Name] {
  return tf.engine().runKernel(name, inputs, attrs);
}

/** Gives variables data of their own where a tensor, such as a clone, shares them; it keeps its values. */
export function ownData(variables: readonly tf.Variable[]): void {
  for (const variable of variables) {
    // None where the data are still on another backend.
    const holders = tf.backend().refCount(variable.dataId);
    if (holders !== 1) tf.tidy(() => variable.assign(tf.mul(variable, 1)));
  }
}

/**
 * Runs a kernel that changes variables in place, and that {@link hasKernel} has found. A tensor that shared a variable's
 * data, such as a clone, keeps its values. Otherwise it takes no memory, so that it cannot fail for want of it.
 */
export function runUpdate(
  name: UpdateName,
  variables: Readonly<Record<string, tf.Variable>>,
  inputs: tf.NamedTensorMap,
  attrs: Readonly<Record<string, number>>,
): void {
  ownData(Object.values(variables));
  tf.engine().runKernel(name, { ...variables, ...inputs }, attrs);
}

/** Whether a gradient is being taken, so that what tfjs knows no gradient of must not be run. */
export function takesGradient(): boolean {
  return tf.engine().state.gradientDepth > 0;
}
