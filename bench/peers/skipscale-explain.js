// node skipscale-explain.js KIND METHOD MODEL PIXELS SAMPLES BATCH THREADS: an explanation, or as many passes, plain or of
// the network fused.
import * as tf from '@tensorflow/tfjs-core';
import { buildResNet, explain } from 'skipscale';
import { setThreads } from 'skipscale/simd';
import { pixels, serve } from './serve.js';

const [kind, method, name, ...numbers] = process.argv.slice(2);
const [size, samples, batch, threads] = numbers.map(Number);
await tf.setBackend('simd');
await tf.ready();
setThreads(threads);
const model = buildResNet(name);
// As in a trained network. Without biases what is covered is exactly zero in all layers, which only an untrained network sees.
for (const { name, variable } of model.namedVariables())
  if (name.endsWith('norm.bias'))
    tf.tidy(() => variable.assign(tf.randomUniform(variable.shape, -0.5, 0.5, 'float32', 1)));
if (kind === 'fused') model.fuse();
const evaluation = { training: false };
const x = tf.tensor4d(pixels(1, size), [1, size, size, 3]);
const superpixels = Int32Array.from({ length: size * size }, (_, i) => {
  const cell = (place) => Math.floor((place * 7) / size);
  return cell(Math.floor(i / size)) * 7 + cell(i % size);
});
const options = {
  gradCam: {},
  integratedGradients: { steps: samples },
  occlusion: { batchSize: batch },
  lime: { samples, superpixels, batchSize: batch },
  kernelShap: { samples, superpixels, batchSize: batch },
  rise: { samples, batchSize: batch },
}[method];
if (method === 'integratedGradients') options.batchSize = batch;

/** Passes of `count` images in all. */
async function passes(count, pass) {
  for (let first = 0; first < count; first += batch) {
    const images = tf.tile(x, [Math.min(batch, count - first), 1, 1, 1]);
    const result = pass(images);
    await result.data();
    tf.dispose([images, result]);
  }
}

const score = (logits) => tf.sum(tf.slice(logits, [0, 1], [-1, 1]));
const plain = {
  gradCam: () => {
    const parts = model.parts();
    const end = parts.findLastIndex(([path]) => path.startsWith('stages.')) + 1;
    const run = (some, y) => some.reduce((y, [, part]) => part.forward(y, evaluation), y);
    return passes(1, (images) =>
      tf.tidy(() => tf.grad((map) => score(run(parts.slice(end), map)))(run(parts.slice(0, end), images))),
    );
  },
  integratedGradients: () =>
    passes(samples, (images) => tf.tidy(() => tf.grad((y) => score(model.predict(y)))(images))),
};
const forward = (count) => () => passes(count, (images) => model.predict(images));
const work = plain[method] ?? forward(method === 'occlusion' ? 225 : samples);
await serve(kind !== 'method' ? work : () => explain(model, x, { method, target: 1, ...options }));
