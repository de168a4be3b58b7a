import {
  fallbackTo,
  type Kernel as AnyKernel,
  type KernelArguments as AnyArguments,
  type Kernels as AnyKernels,
} from '../kernel.js';
import type { WebgpuBackend } from './backend.js';

/** What a kernel of this backend gets. */
export type KernelArguments = AnyArguments<WebgpuBackend>;

/** A kernel of this backend. */
export type Kernel = AnyKernel<WebgpuBackend>;

/** Kernels by tfjs's names. */
export type Kernels = AnyKernels<WebgpuBackend>;

/** Runs the kernel of tfjs's WebGPU backend. */
export const fallback = fallbackTo<WebgpuBackend>('webgpu');

export { isFilled } from '../kernel.js';
