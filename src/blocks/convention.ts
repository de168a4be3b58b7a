import type { BatchNormOptions } from '../layers/batch-norm.js';
import { heNormal, type Initializer } from '../layers/initializers.js';

/** What published networks of one architecture differ in, and what silently ruins a result where it is wrong. */
export interface BlockConvention {
  /** Of convolutions with a kernel larger than 1: PyTorch's `'symmetric'` or TensorFlow's `'same'`. */
  readonly padding: 'symmetric' | 'same';
  /** Whether convolutions that batch norm follows have a bias. */
  readonly convolutionBias: boolean;
  readonly batchNorm: Required<Pick<BatchNormOptions, 'epsilon' | 'momentum' | 'runningVariance'>>;
  /** First values of convolution kernels. */
  readonly initializer: Initializer;
  /** What counts as the fan-out of a depthwise kernel; see DepthwiseConv2D. */
  readonly depthwiseFanOut: 'channel' | 'layer';
}

/** torchvision's: its ResNets, and its EfficientNets up to B4. */
export const torchvisionBlocks: BlockConvention = {
  padding: 'symmetric',
  convolutionBias: false,
  batchNorm: { epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' },
  initializer: heNormal,
  depthwiseFanOut: 'layer',
};
