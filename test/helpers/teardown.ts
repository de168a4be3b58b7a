import * as tf from '@tensorflow/tfjs-core';

// Each test file has a tfjs of its own, and so a memory and threads to give back.
afterAll(() => {
  if (tf.findBackendFactory('simd')) tf.removeBackend('simd');
});
