import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '#gradients';
import { readyIn } from './ready.js';
import './simd/index.js';

// The backend's first tensor would print an advertisement for tfjs-node.
Object.defineProperty(MathBackendCPU.prototype, 'firstUse', {
  get: () => false,
  set: () => {},
  configurable: true, // The CommonJS copy of this file may run in the same process.
});

/**
 * Chooses tfjs's backend, and loads it where it is not there. All functions here that give a promise wait for it; programs
 * that call tfjs's operations or `predict` first wait for it themselves.
 *
 * A backend that is in use already stays, such as one that `tf.setBackend` has set. Otherwise, in a browser, it is
 * `webgpu`, if the program has imported it and a graphics card is there; else `webgl`, if a graphics card does the work;
 * else `simd`; else `cpu`. In Node it is the one of the highest priority in tfjs, `simd`.
 * @returns the backend's name.
 * @throws Error where `backend` cannot be started; it names those that may be had.
 */
export const ready = readyIn({ loaders: {}, choose: () => tf.ready() });
