import type { Kernels } from '../kernel.js';
import { convolutionKernels } from './conv2d.js';

/** The kernels that this backend has of its own; all others are the cpu backend's. */
export const kernels: Kernels = { ...convolutionKernels };
