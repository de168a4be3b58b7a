import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.js';

/** What a kernel of this backend gets. */
export interface KernelArguments {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly backend: WebgpuBackend;
  readonly attrs: tf.NamedAttrMap;
}

/** A kernel of this backend. */
export type Kernel = (args: KernelArguments) => tf.TensorInfo | tf.TensorInfo[];

/** Kernels by tfjs's names. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** Runs the kernel of tfjs's WebGPU backend. */
export function fallback(name: string, args: KernelArguments): tf.TensorInfo | tf.TensorInfo[] {
  return tf.getKernel(name, 'webgpu').kernelFunc(args as unknown as Parameters<tf.KernelFunc>[0]);
}

/** Whether all of these have values. */
export function isFilled(...tensors: readonly tf.TensorInfo[]): boolean {
  return tensors.every(({ shape }) => !shape.includes(0));
}
