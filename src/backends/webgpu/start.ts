import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { WebgpuBackend } from './backend.js';
import { openDevice } from './device.js';
import type { KernelArguments, Kernels } from './kernel.js';
import { kernelsFor } from './kernels/index.js';

/** Registers the kernels of the backend of this name, and starts it. */
export async function startBackend(name: string): Promise<WebgpuBackend> {
  const opened = await openDevice();
  registerKernels(name, kernelsFor(opened.device.limits.maxStorageBuffersPerShaderStage));
  return withNavigator(opened.gpu, () => new WebgpuBackend(opened));
}

function registerKernels(backendName: string, kernels: Kernels): void {
  if (tf.getKernelsForBackend(backendName).length > 0) return;
  for (const config of tf.getKernelsForBackend('webgpu')) {
    if (!(config.kernelName in kernels)) tf.registerKernel({ ...config, backendName });
  }
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const kernelFunc = (args: KernelArguments) => kernel(args);
    tf.registerKernel({ kernelName, backendName, kernelFunc: kernelFunc as unknown as tf.KernelFunc });
  }
}

/** tfjs's backend looks for `navigator.gpu` when it is made; Node has none. */
function withNavigator<T>(gpu: GPU, make: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  if ((globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu) return make();
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return make();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}
