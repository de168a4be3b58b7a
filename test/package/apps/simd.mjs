import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { getThreads } from 'skipscale/simd';

const required = createRequire(import.meta.url)('skipscale/simd');
await tf.setBackend('simd');
const sum = tf.sum(tf.tensor1d([1, 2, 3])).dataSync()[0];
console.log(
  JSON.stringify({ backend: tf.getBackend(), sum, threads: [getThreads(), required.getThreads()] }),
);
