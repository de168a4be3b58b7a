import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '#gradients';
import { takeFastest, type ReadyOptions } from './fastest.js';
import './simd/index.js';

// The backend's first tensor would print an advertisement for tfjs-node.
Object.defineProperty(MathBackendCPU.prototype, 'firstUse', {
  get: () => false,
  set: () => {},
  configurable: true, // The CommonJS copy of this file may run in the same process.
});

/** As in default.browser.ts; every backend is there from the start. */
export async function ready({ measure }: ReadyOptions = {}): Promise<string> {
  await tf.ready();
  if (measure) await takeFastest(tf.engine().backendNames(), measure);
  return tf.getBackend();
}
