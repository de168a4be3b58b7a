import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import './simd/index.js';

// The backend's first tensor would print an advertisement for tfjs-node.
Object.defineProperty(MathBackendCPU.prototype, 'firstUse', {
  get: () => false,
  set: () => {},
  configurable: true, // The CommonJS copy of this file may run in the same process.
});
