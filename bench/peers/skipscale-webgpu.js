// node skipscale-webgpu.js BACKEND KIND MODEL BATCH SIZE: a prediction of a fused network, or a training step (cross-entropy and SGD
// with momentum), on `skipscale-webgpu`, on tfjs's `webgpu` or, for comparison, on `simd`. Before `ready` it says, as JSON, what the
// first run gave, and of `skipscale-webgpu` what the tenth took and the dearest programs.
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, Random, ready, SGD, softmaxCrossEntropy, valueAndGradients } from 'skipscale';
import { pixels, serve } from './serve.js';

const [backend, kind, name, ...numbers] = process.argv.slice(2);
const [batch, size] = numbers.map(Number);

/** tfjs's own backend takes what Node does not have: a browser's globals. */
async function startTfjs() {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals, { self: globalThis });
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu: create([]), userAgent: 'node' },
    configurable: true,
  });
  globalThis.requestAnimationFrame ??= (step) => setTimeout(step, 0);
  createRequire(import.meta.url)('@tensorflow/tfjs-backend-webgpu');
}

if (backend === 'webgpu') await startTfjs();
if (backend === 'skipscale-webgpu') await import('skipscale/webgpu');
await ready({ backend });
const model = buildModel(name, { seed: 1 });
if (kind === 'inference') model.fuse();
const images = tf.tensor4d(pixels(batch, size), [batch, size, size, 3]);
const classes = Array.from({ length: batch }, (_, i) => i % model.classes);
const targets = tf.tensor1d(classes, 'int32');
const optimizer = new SGD(model.namedVariables(), { momentum: 0.9 });
const context = { training: true, random: new Random(0) };

async function predict() {
  const logits = model.predict(images);
  const values = await logits.data();
  logits.dispose();
  return Array.from(values.slice(0, 8));
}

async function step() {
  const loss = () => softmaxCrossEntropy(model.forward(images, context), targets);
  const { value, gradients } = valueAndGradients(model, loss);
  tf.tidy(() =>
    optimizer.step(
      optimizer.parameters.map(({ name }) => gradients[name]),
      0.001,
    ),
  );
  const values = await value.data();
  tf.dispose([value, gradients]);
  return Array.from(values);
}

const work = kind === 'inference' ? predict : step;
const notes = { values: await work() };
if (backend === 'skipscale-webgpu') {
  for (let i = 2; i < 10; i++) await work();
  const { counts: before } = tf.backend();
  await work();
  const { counts } = tf.backend();
  notes.counts = Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, count - before[key]]));
  if (tf.backend().device.features.has('timestamp-query')) {
    const byProgram = new Map();
    for (const { program, milliseconds } of await tf.backend().profile(work))
      byProgram.set(program, (byProgram.get(program) ?? 0) + milliseconds);
    notes.dearest = [...byProgram].sort(([, a], [, b]) => b - a).slice(0, 10);
  }
}
console.log(JSON.stringify(notes));
await serve(work);
