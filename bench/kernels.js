/**
 * Kernel calls of a training step and of a fused inference on the `simd` backend: how often tfjs's engine calls a kernel that does
 * work. Identity and Reshape do none: they give the same data another name, and are left out.
 *
 * A step is one of `train`: input, forward, loss, backward, SGD with momentum.
 *
 *     npm run build && npm ci --prefix bench && node bench/kernels.js [--each]      # --each: by kernel
 */
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, SGD, train } from 'skipscale';

/** Batch and pixels do not change the counts. */
const IMAGES = 4;
const SIZE = 32;
const VIEWS = ['Identity', 'Reshape'];

await tf.setBackend('simd');
const calls = new Map();
for (const config of tf.getKernelsForBackend('simd')) {
  const { kernelName, kernelFunc } = config;
  const counted = (args) => {
    calls.set(kernelName, (calls.get(kernelName) ?? 0) + 1);
    return kernelFunc(args);
  };
  tf.unregisterKernel(kernelName, 'simd');
  tf.registerKernel({ ...config, kernelFunc: counted });
}

/** The calls since the last report, as a row of the table. */
function report(network, work) {
  const list = [...calls].filter(([name]) => !VIEWS.includes(name)).sort((a, b) => b[1] - a[1]);
  const total = list.reduce((sum, [, count]) => sum + count, 0);
  console.log(`| ${network} | ${work} | ${total} |`);
  if (process.argv.includes('--each'))
    console.log(list.map(([name, count]) => `${name} ${count}`).join(', '));
  calls.clear();
}

async function* batches() {
  const data = new Uint8Array(SIZE * SIZE * 3).map((_, i) => (i * 37) % 256);
  const images = Array.from({ length: IMAGES }, () => ({ width: SIZE, height: SIZE, data }));
  for (let step = 0; step < 2; step++) yield { images, targets: Int32Array.from(images, (_, i) => i) };
}

/** Counts the second step: in the first one weights are packed, and the optimizer's state is made. */
async function step(name) {
  const model = buildModel(name);
  const optimizer = (parameters) => new SGD(parameters, { momentum: 0.9 });
  const options = { epochs: 1, schedule: () => 0.01, size: SIZE, optimizer };
  for await (const event of train(model, batches, options)) {
    if (event.type === 'step' && event.step === 2) report(name, 'training step');
    calls.clear();
  }
  model.dispose();
}

function inference(name) {
  const model = buildModel(name).fuse();
  const image = tf.zeros([1, SIZE, SIZE, 3]);
  for (let pass = 0; pass < 2; pass++) {
    calls.clear();
    model.predict(image).dispose();
  }
  report(name, 'fused inference');
  image.dispose();
  model.dispose();
}

console.log('| network | work | kernel calls |');
console.log('| --- | --- | --- |');
for (const name of ['resnet50', 'efficientnet-b0', 'resnet20']) {
  await step(name);
  inference(name);
}
