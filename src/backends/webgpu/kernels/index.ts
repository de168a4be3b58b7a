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
const kernels: Kernels = {
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

/** Buffers that a program of these takes; the limit of every device is 8, and of most 10 or more. */
const WIDE = 9;
const wide = ['BatchNormTraining', 'BatchNormTrainingGrad', 'SqueezeExcite', 'SqueezeExciteGrad'];

/** The kernels for a device whose programs may have so many buffers; what is left out, layers compose. */
export function kernelsFor(buffers: number): Kernels {
  if (buffers >= WIDE) return kernels;
  return Object.fromEntries(Object.entries(kernels).filter(([name]) => !wide.includes(name)));
}
