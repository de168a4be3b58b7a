import * as tf from '@tensorflow/tfjs-core';

/** What a kernel of a backend gets. */
export interface KernelArguments<Backend> {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly backend: Backend;
  readonly attrs: tf.NamedAttrMap;
}

/** A kernel of a backend. */
export type Kernel<Backend> = (args: KernelArguments<Backend>) => tf.TensorInfo | tf.TensorInfo[];

/** Kernels by tfjs's names. */
export type Kernels<Backend> = Readonly<Record<string, Kernel<Backend>>>;

/** Gives what runs a kernel of tfjs's backend of this name, on the memory of another that can stand in its place. */
export function fallbackTo<Backend>(backendName: string) {
  return (name: string, args: KernelArguments<Backend>): tf.TensorInfo | tf.TensorInfo[] =>
    tf.getKernel(name, backendName).kernelFunc(args as unknown as Parameters<tf.KernelFunc>[0]);
}

/** Whether all of these have values. */
export function isFilled(...tensors: readonly tf.TensorInfo[]): boolean {
  return tensors.every(({ shape }) => !shape.includes(0));
}
