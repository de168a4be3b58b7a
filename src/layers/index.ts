export {
  activation,
  ReLU,
  ReLU6,
  Sigmoid,
  Swish,
  type Activation,
  type ActivationName,
} from './activations.js';
export { BatchNorm, type BatchNormOptions } from './batch-norm.js';
export { Conv2D, type Conv2DOptions } from './conv2d.js';
export { Dense, type DenseOptions } from './dense.js';
export { DepthwiseConv2D, type DepthwiseConv2DOptions } from './depthwise-conv2d.js';
export { Dropout, StochasticDepth } from './dropout.js';
export { Flatten } from './flatten.js';
export type { FusedActivation } from './fused-activation.js';
export {
  glorotUniform,
  heNormal,
  heTruncatedNormal,
  uniformFanIn,
  uniformFanOut,
  zeros,
  type Initializer,
  type Fans,
} from './initializers.js';
export type { Padding, TfPadding } from './padding.js';
export { AvgPool, GlobalAvgPool, MaxPool, type AvgPoolOptions, type PoolOptions } from './pooling.js';
export { Sequential } from './sequential.js';
export { SqueezeExcite, squeezeChannels, type SqueezeExciteOptions } from './squeeze-excite.js';
export { swish } from './swish.js';
export { ZeroPadding } from './zero-padding.js';
