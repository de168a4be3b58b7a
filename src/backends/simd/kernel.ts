import type * as tf from '@tensorflow/tfjs-core';
import {
  fallbackTo,
  type Kernel as AnyKernel,
  type KernelArguments as AnyArguments,
  type Kernels as AnyKernels,
} from '../kernel.js';
import type { SimdBackend } from './backend.js';

/** What a kernel of this backend gets. */
export type KernelArguments = AnyArguments<SimdBackend>;

/** A kernel of this backend. */
export type Kernel = AnyKernel<SimdBackend>;

/** Kernels by tfjs's names. */
export type Kernels = AnyKernels<SimdBackend>;

/** Runs the cpu backend's kernel, on this backend's memory. */
export const fallback = fallbackTo<SimdBackend>('cpu');

// A sum of no values is left to the cpu backend's kernels.
export { isFilled } from '../kernel.js';

/** Whether all of these hold floats, the only numbers that kernels of this backend compute with. */
export function isFloat32(...tensors: readonly tf.TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtype === 'float32');
}
