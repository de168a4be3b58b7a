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

/** Whether all of these have values; a sum of none is left to the cpu backend's kernels. */
export function isFilled(...tensors: readonly tf.TensorInfo[]): boolean {
  return tensors.every(({ shape }) => !shape.includes(0));
}

/** Whether all of these hold floats, the only numbers that kernels of this backend compute with. */
export function isFloat32(...tensors: readonly tf.TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtype === 'float32');
}
