// node skipscale-train.js MODEL THREADS BATCH SIZE: a training step, cross-entropy and plain SGD.
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, Random, SGD } from 'skipscale';
import { setThreads } from 'skipscale/simd';
import { pixels, serve } from './serve.js';

const [name, threads, batch, size] = process.argv.slice(2).map((text, i) => (i === 0 ? text : Number(text)));
await tf.setBackend('simd');
setThreads(threads);
const model = buildModel(name.replace('_', '-'));
const images = tf.tensor4d(pixels(batch, size), [batch, size, size, 3]);
const classes = Array.from({ length: batch }, (_, i) => i % 10);
const labels = tf.oneHot(tf.tensor1d(classes, 'int32'), model.classes);
const context = { training: true, random: new Random(0) };
const optimizer = new SGD(model.namedVariables());
const parameters = optimizer.parameters.map(({ variable }) => variable);
await serve(async () => {
  const { value: loss, grads } = tf.variableGrads(
    () => tf.losses.softmaxCrossEntropy(labels, model.forward(images, context)),
    parameters,
  );
  const gradients = parameters.map(({ name }) => grads[name]);
  optimizer.step(gradients, 0.01);
  tf.dispose(gradients);
  await loss.data();
  loss.dispose();
});
