/**
 * The tfjs backend `skipscale-webgpu`: kernels in WGSL, on a device of WebGPU. Importing this file registers it; it starts with
 * `await ready({ backend: 'skipscale-webgpu' })`.
 *
 * It takes the package `@tensorflow/tfjs-backend-webgpu`, and in Node also `webgpu`.
 *
 * @packageDocumentation
 */
import * as tf from '@tensorflow/tfjs-core';

/** The backend's name. */
export const WEBGPU = 'skipscale-webgpu';

// The package's ESM and CommonJS copies may meet in one process; the first that comes serves both.
if (!tf.findBackendFactory(WEBGPU)) {
  tf.registerBackend(WEBGPU, async () => (await loadStart()).startBackend(WEBGPU), 0);
}

/** What takes tfjs's WebGPU backend, which is installed by those who need it. */
async function loadStart(): Promise<typeof import('./start.js')> {
  try {
    return await import('./start.js');
  } catch (error) {
    throw new Error(
      'The backend skipscale-webgpu takes a package: npm install @tensorflow/tfjs-backend-webgpu@4.22.0',
      { cause: error },
    );
  }
}
