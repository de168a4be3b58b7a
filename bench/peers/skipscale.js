// node skipscale.js BACKEND MODEL THREADS BATCH: a prediction of a fused model.
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, load } from 'skipscale';
import { setThreads } from 'skipscale/simd';
import { pixels, serve } from './serve.js';

const [backend, name, threads, batch] = process.argv.slice(2);
if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
await tf.setBackend(backend);
await tf.ready();
if (backend === 'simd') setThreads(Number(threads));
const model = buildModel(name.replace('_', '-'), { initialize: false });
await load(model, new URL(`../networks/${name}.pth`, import.meta.url));
model.fuse();
const images = tf.tensor4d(pixels(Number(batch)), [Number(batch), 224, 224, 3]);
await serve(async () => {
  const logits = model.predict(images);
  await logits.data();
  logits.dispose();
});
