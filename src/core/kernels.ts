import * as tf from '@tensorflow/tfjs-core';
import { TRACE } from '../graph/backend.js';

/**
 * Kernels that tfjs does not define and only some backends have (here `simd` and `skipscale-webgpu`); layers use them where they can and
 * compose tfjs's operations elsewhere. None has a gradient that tfjs knows of.
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
   * Batch norm of training and what follows it, of x, scale and offset, and a `shortcut` (or none) that is added; then a clamp to
   * [low, high] or, with the attribute `swish`, swish. Gives y, mean, biased variance, and 1 / sqrt(variance + epsilon). Given
   * runningMean and runningVariance too, with the attributes `momentum` and `unbiased`, it also gives what these become.
   */
  BatchNormTraining: tf.Tensor[];
  /**
   * The gradients of x, scale and offset, and where the attribute `shortcut` is 1 of the shortcut. Of x, dy, scale, mean and
   * inverseDeviation; of y where it is clamped; of offset where swish follows.
   */
  BatchNormTrainingGrad: tf.Tensor[];
  /**
   * x * sigmoid(activation(mean(x) reduceWeight + reduceBias) expandWeight + expandBias), the means over each image, with the name
   * of an `activation`. Gives y, the means, what the activation gets, and what multiplies x.
   */
  SqueezeExcite: tf.Tensor[];
  /**
   * The gradients of x and of the weights and biases in turn, of x, dy, mean, reduced, gate (its outputs), reduceWeight and
   * expandWeight.
   */
  SqueezeExciteGrad: tf.Tensor[];
  /**
   * Cross-entropy of x, logits [N, classes], and targets, classes [N] of int32 or soft targets [N, classes], with the attribute
   * labelSmoothing. Gives the loss of each row, and the gradient of their mean.
   */
  SoftmaxCrossEntropy: tf.Tensor[];
}

/** The same for many tensors in one call; their inputs are lists. */
export type ListKernelName =
  /** The Euclidean norm of all values together. */
  | 'GlobalNorm'
  /** Of a factor and n tensors: each times the factor. With the attribute `adds`, plus each of n more. */
  | 'ScaledSums';

/**
 * The same, but changing many variables in place in one call, each with its slots, the optimizer's memory of it.
 */
export type UpdateName =
  /** SGD, with the slot momentum or none; momentum and nesterov, 0 or 1, are attributes. */
  | 'SGDStep'
  /** Adam, with the slots mean and meanSquare; beta1, beta2, meanScale, rootScale and epsilon are attributes. */
  | 'AdamStep'
  /** LAMB: as Adam, but the decay is part of the change, and the rate is scaled by norms where there is decay. */
  | 'LAMBStep'
  /** TensorFlow's RMSProp, with the slots meanSquare and momentum (or only the first); rho, momentum and epsilon. */
  | 'RMSPropStep'
  /** Moves `variable`, an average, by `rate` of the way to `gradient`, the present values. */
  | 'MovingAverageStep';

/** What an update does to one variable. */
export interface VariableUpdate {
  readonly variable: tf.Variable;
  readonly slots: readonly tf.Variable[];
  readonly gradient: tf.Tensor;
  /** The learning rate. */
  readonly rate: number;
  /** Times the weights it is added to the gradient; of LAMB, to the change. */
  readonly decay: number;
  /** Multiplies the weights. */
  readonly keep: number;
}

/** Kernels whose gradients have a ReLU's in them. */
const withRelu: readonly string[] = ['AddRelu', 'ReluGrad', 'SqueezeExcite'];
let reluIsAlone = false;

/** Runs `work` while layers compute a ReLU as tfjs's operation, whose gradient can be exchanged. */
export function withReluAlone<T>(work: () => T): T {
  const before = reluIsAlone;
  reluIsAlone = true;
  try {
    return work();
  } finally {
    reluIsAlone = before;
  }
}

/** Whether the current backend has a kernel that tfjs does not define. */
export function hasKernel(name: keyof OptionalKernels | ListKernelName | UpdateName): boolean {
  if (reluIsAlone && withRelu.includes(name)) return false;
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

/** Gives variables separate data where a tensor, such as a clone, shares them; it keeps its values. */
export function ownData(variables: readonly tf.Variable[]): void {
  for (const variable of variables) {
    // None where the data are still on another backend.
    const holders = tf.backend().refCount(variable.dataId);
    if (holders !== 1) tf.tidy(() => variable.assign(tf.mul(variable, 1)));
  }
}

/** A list as a kernel's inputs, which tfjs's type has by name only. */
function listed(tensors: readonly tf.Tensor[]): tf.NamedTensorMap {
  return tensors as unknown as tf.NamedTensorMap;
}

/** Runs a kernel of lists of tensors that {@link hasKernel} has found. */
export function runListKernel(
  name: ListKernelName,
  inputs: readonly tf.Tensor[],
  attrs: tf.NamedAttrMap = {},
): tf.Tensor[] {
  const result: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, listed(inputs), attrs);
  return [result].flat();
}

/**
 * Runs a kernel that changes variables in place, and that {@link hasKernel} has found: all of them, in one call. A tensor that
 * shared a variable's data, such as a clone, keeps its values. It asks for memory before it changes anything, so that it never
 * stops half-way.
 */
export function runUpdate(
  name: UpdateName,
  updates: readonly VariableUpdate[],
  attrs: Readonly<Record<string, number>> = {},
): void {
  if (updates.length === 0) return;
  ownData(updates.flatMap(({ variable, slots }) => [variable, ...slots]));
  const inputs = updates.flatMap(({ variable, slots, gradient }) => [variable, ...slots, gradient]);
  const each = {
    rates: updates.map(({ rate }) => rate),
    decays: updates.map(({ decay }) => decay),
    keeps: updates.map(({ keep }) => keep),
  };
  tf.engine().runKernel(name, listed(inputs), { ...attrs, ...each });
}

/** Whether a gradient is being taken, so that what tfjs knows no gradient of must not be run. */
export function takesGradient(): boolean {
  return tf.engine().state.gradientDepth > 0;
}

let variablesAreFixed = false;

/** Runs `work`, which takes gradients, and none of variables: layers may compute with what was folded from them. */
export function withFixedVariables<T>(work: () => T): T {
  const before = variablesAreFixed;
  variablesAreFixed = true;
  try {
    return work();
  } finally {
    variablesAreFixed = before;
  }
}

/** Whether a gradient is being taken, and none of variables. */
export function takesInputGradient(): boolean {
  return takesGradient() && variablesAreFixed;
}

/** Whether a forward pass is being traced, so that what is computed has no values. */
export function isTracing(): boolean {
  return tf.getBackend() === TRACE;
}
