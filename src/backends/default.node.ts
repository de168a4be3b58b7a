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

/** As in default.browser.ts; the backends of this package are there from the start. */
export const ready = readyIn({ loaders: {}, choose: () => tf.ready() });
