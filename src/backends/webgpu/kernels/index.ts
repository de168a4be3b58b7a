import type { Kernels } from '../kernel.js';
import { batchNormKernels } from './batch-norm.js';
import { convolutionKernels } from './conv2d.js';
import { convolutionGradientKernels } from './conv2d-gradients.js';
import { crossEntropyKernels } from './cross-entropy.js';
import { elementwiseKernels } from './elementwise.js';
import { matMulKernels } from './matmul.js';
import { optimizerKernels } from './optimizers.js';
import { squeezeExciteKernels } from './squeeze-excite.js';
import { windowKernels } from './windows.js';

/** The kernels of this backend; all others are those of tfjs's WebGPU backend. */
export const kernels: Kernels = {
  ...batchNormKernels,
  ...convolutionKernels,
  ...convolutionGradientKernels,
  ...crossEntropyKernels,
  ...elementwiseKernels,
  ...matMulKernels,
  ...optimizerKernels,
  ...squeezeExciteKernels,
  ...windowKernels,
};
