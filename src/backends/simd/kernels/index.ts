import type { Kernels } from '../kernel.js';
import { batchNormKernels } from './batch-norm.js';
import { convolutionKernels } from './conv2d.js';
import { filterGradientKernels } from './conv2d-filter-gradient.js';
import { inputGradientKernels } from './conv2d-input-gradient.js';
import { depthwiseKernels } from './depthwise.js';
import { elementwiseKernels } from './elementwise.js';
import { matMulKernels } from './matmul.js';
import { optimizerKernels } from './optimizers.js';
import { poolingKernels } from './pooling.js';
import { reduceKernels } from './reduce.js';
import { resizeKernels } from './resize.js';
import { shapeKernels } from './shape.js';
import { squeezeExciteKernels } from './squeeze-excite.js';

/** The kernels of this backend; all others are the cpu backend's. */
export const kernels: Kernels = {
  ...batchNormKernels,
  ...convolutionKernels,
  ...filterGradientKernels,
  ...inputGradientKernels,
  ...depthwiseKernels,
  ...elementwiseKernels,
  ...matMulKernels,
  ...optimizerKernels,
  ...poolingKernels,
  ...reduceKernels,
  ...resizeKernels,
  ...shapeKernels,
  ...squeezeExciteKernels,
};
