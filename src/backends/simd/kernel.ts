import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from './backend.js';

/** What a kernel of this backend gets. */
export interface KernelArguments {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly backend: SimdBackend;
  readonly attrs: tf.NamedAttrMap;
}

/** A kernel of this backend. */
export type Kernel = (args: KernelArguments) => tf.TensorInfo | tf.TensorInfo[];

/** Kernels by tfjs's names. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** Runs the cpu backend's kernel, on this backend's memory. */
export function fallback(name: string, args: KernelArguments): tf.TensorInfo | tf.TensorInfo[] {
  return tf.getKernel(name, 'cpu').kernelFunc(args as unknown as Parameters<tf.KernelFunc>[0]);
}
