import * as tf from '@tensorflow/tfjs-core';
import { takeFastest, type ReadyOptions } from './fastest.js';
import { HOST, registerHost } from './host.js';

// A page gets no backend that it does not use: `ready` loads one.
registerHost();

/** The choice that is being made, for whoever asks meanwhile. */
let choosing: Promise<void> | undefined;

/**
 * Chooses tfjs's backend, and loads it where it is not there. All functions here that give a promise wait for it; programs
 * that call tfjs's own operations or `predict` first wait for it themselves.
 *
 * A backend that is in use already stays, such as one that `tf.setBackend` was told of. Otherwise, in a browser, it is
 * `webgpu`, if the program has imported it and the device has it; else `webgl`, if a graphics card does the work; else `simd`; else
 * `cpu`. In Node it is `simd`, or whatever else has the highest priority in tfjs.
 * @param options - `measure`: chooses anew, by a measurement, among all that are there.
 * @returns the backend's name.
 * @throws Error where no backend can be started.
 */
export async function ready({ measure }: ReadyOptions = {}): Promise<string> {
  choosing ??= choose().finally(() => (choosing = undefined));
  await choosing;
  if (measure) {
    await loadWebgl();
    await loadSimd();
    await takeFastest(available(), measure);
  }
  return tf.getBackend();
}

/** The names of the backends that are registered, this package's of no kernels left out. */
function available(): string[] {
  return tf
    .engine()
    .backendNames()
    .filter((name) => name !== HOST);
}

async function choose(): Promise<void> {
  const current = tf.getBackend() as string | undefined;
  if (current !== undefined && current !== HOST) return tf.ready();
  if (available().includes('webgpu') && (await hasWebgpu()) && (await tf.setBackend('webgpu'))) return;
  if (hasGraphicsCard() && (await loadWebgl()) && (await tf.setBackend('webgl'))) return;
  if ((await loadSimd()) && (await tf.setBackend('simd'))) return;
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
}

interface Gpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null>;
}

/** Whether there is a device for WebGPU that is not made of software. */
async function hasWebgpu(): Promise<boolean> {
  const { gpu } = globalThis.navigator as { gpu?: Gpu };
  const adapter = await gpu?.requestAdapter();
  return adapter != null && !adapter.info?.isFallbackAdapter;
}

/** Whether WebGL 2 is there and not computed by the processor. */
function hasGraphicsCard(): boolean {
  if (typeof OffscreenCanvas === 'undefined') return false;
  const context = new OffscreenCanvas(1, 1).getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}

/** Registers `webgl`, where the browser has it. */
async function loadWebgl(): Promise<boolean> {
  if (typeof WebGL2RenderingContext === 'undefined') return false;
  await import('@tensorflow/tfjs-backend-webgl');
  return true;
}

/** A module with one function of one vector: `i8x16.splat` of 0, dropped. */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
]);

/** Registers `simd`, where the browser has WebAssembly's vectors. */
async function loadSimd(): Promise<boolean> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(simdProbe)) return false;
  await import('./simd/index.js');
  return true;
}
