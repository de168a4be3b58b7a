// node skipscale-recompute.js MODEL THREADS BATCH SIZE plain|recompute: gradients of a training step.
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, Random } from 'skipscale';
import { setThreads } from 'skipscale/simd';
import { pixels, serve } from './serve.js';

const [name, mode] = [process.argv[2], process.argv[6]];
const [threads, batch, size] = process.argv.slice(3, 6).map(Number);
await tf.setBackend('simd');
setThreads(threads);
const model = buildModel(name);
const images = tf.tensor4d(pixels(batch, size), [batch, size, size, 3]);
const context = { training: true, random: new Random(0), recompute: mode === 'recompute' };
const parameters = model.variables().filter((variable) => variable.trainable);
await serve(async () => {
  const { value, grads } = tf.variableGrads(
    () => tf.mean(tf.square(model.forward(images, context))),
    parameters,
  );
  await value.data();
  tf.dispose([value, grads]);
});
