import * as tf from '@tensorflow/tfjs-core';

/** How often kernels were run, and when one fails. */
export interface KernelCalls {
  count: number;
  /** The call that fails, from 1; 0 for none. */
  failAt: number;
}

/**
 * Counts the calls of every kernel of a backend and makes one of them fail, as for want of memory, while `work` runs: before
 * the kernel has done anything. Those that change variables in place take no memory, and are left out.
 */
export async function withFailingKernels<T>(
  backend: string,
  work: (calls: KernelCalls) => Promise<T>,
): Promise<T> {
  const calls: KernelCalls = { count: 0, failAt: 0 };
  const kernels = tf.getKernelsForBackend(backend).filter(({ kernelName }) => !kernelName.endsWith('Step'));
  const originals = kernels.map(({ kernelFunc }) => kernelFunc);
  for (const kernel of kernels) {
    const { kernelFunc } = kernel;
    kernel.kernelFunc = (params) => {
      if (++calls.count === calls.failAt) throw new Error(`out of memory in ${kernel.kernelName}`);
      return kernelFunc(params);
    };
  }
  try {
    return await work(calls);
  } finally {
    kernels.forEach((kernel, i) => (kernel.kernelFunc = originals[i]!));
  }
}
