/**
 * The tfjs backend `simd`: WebAssembly with SIMD and threads. Importing this file registers it.
 *
 * @packageDocumentation
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { check, shown } from '../../core/errors.js';
import { SimdBackend } from './backend.js';
import type { KernelArguments } from './kernel.js';
import { kernels } from './kernels/index.js';
import { isThreadCount, MOST_THREADS, platform } from './platform.js';
import { Runtime } from './runtime.js';

export { SimdBackend };

const NAME = 'simd';

// The package's ESM and CommonJS copies may meet in one process; the first that comes serves both.
if (!tf.findBackendFactory(NAME)) {
  for (const config of tf.getKernelsForBackend('cpu')) {
    if (!(config.kernelName in kernels)) tf.registerKernel({ ...config, backendName: NAME });
  }
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const kernelFunc = (args: KernelArguments) => args.backend.attempt(() => kernel(args));
    tf.registerKernel({ kernelName, backendName: NAME, kernelFunc: kernelFunc as unknown as tf.KernelFunc });
  }

  // In Node the best; in a browser it starts asynchronously and so only when asked for.
  tf.registerBackend(
    NAME,
    () => {
      const runtime = Runtime.create();
      return runtime instanceof Runtime ? new SimdBackend(runtime) : runtime.then((r) => new SimdBackend(r));
    },
    platform().synchronous ? 3 : 0,
  );
}

/** The backend, if it is the current one. */
function current(): SimdBackend {
  const backend = tf.backend(); // Chooses one where none is yet.
  if (tf.getBackend() === NAME) return backend as SimdBackend;
  throw new Error(`The backend is '${tf.getBackend()}'; call tf.setBackend('simd') first.`);
}

/** Lets the backend use `threads` threads, the calling one included. By default, as many as there are processors. */
export function setThreads(threads: number): void {
  check(
    isThreadCount(threads),
    () => `setThreads got ${shown(threads)}; give a whole number from 1 to ${MOST_THREADS}.`,
  );
  current().runtime.setThreads(threads);
}

/** The number of threads that the backend uses. */
export function getThreads(): number {
  return current().runtime.threads;
}
