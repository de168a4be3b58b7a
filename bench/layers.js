/**
 * Floating-point operations a second of each convolution of ResNet-50 (batch 1, 224 pixels, fused, one thread by default)
 * compared with the micro-kernel's peak. Those of Winograd's convolutions count as if they were done directly.
 *
 *     npm run build && npm ci --prefix bench && node bench/layers.js [MODEL] [THREADS]
 */
import * as tf from '@tensorflow/tfjs-core';
import { buildModel } from 'skipscale';
import { setThreads } from 'skipscale/simd';
import { pixels } from './peers/serve.js';

const ROUNDS = 25;
const [name = 'resnet50', threads = '1'] = process.argv.slice(2);
await tf.setBackend('simd');
setThreads(Number(threads));
await tf.backend().started();

/** The best rate of products whose panels stay in the caches: what the micro-kernel can do. */
function peak() {
  const [rows, depth, columns] = [64, 256, 2048];
  const a = tf.randomUniform([rows, depth]);
  const b = tf.randomUniform([depth, columns]);
  const kernel = tf.reshape(b, [1, 1, depth, columns]);
  const image = tf.reshape(a, [1, 1, rows, depth]);
  let best = Infinity;
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    tf.conv2d(image, kernel, 1, 'valid').dispose();
    best = Math.min(best, performance.now() - start);
  }
  return (2 * rows * depth * columns) / best / 1e6;
}

const ceiling = peak();
const rows = new Map();
for (const config of tf.getKernelsForBackend('simd')) {
  tf.unregisterKernel(config.kernelName, 'simd');
  tf.registerKernel({ ...config, kernelFunc: (args) => measured(config, args) });
}

/** Runs a kernel and adds its time to the row of its name and shapes. */
function measured(config, args) {
  const start = performance.now();
  const result = config.kernelFunc(args);
  const time = performance.now() - start;
  const { filter } = args.inputs;
  const output = Array.isArray(result) ? result[0] : result;
  const from = (Object.values(args.inputs)[0]?.shape ?? []).join('x');
  const work = filter ? `${filter.shape.slice(0, 2).join('x')} to ${output.shape.slice(1).join('x')}` : '';
  const key = `${config.kernelName} | ${from} ${work}`;
  const row = rows.get(key) ?? { times: [], count: 0, operations: 0 };
  const [height, width, inChannels, filters] = filter?.shape ?? [0, 0, 0, 0];
  const perPixel = config.kernelName.includes('Depthwise') ? 1 : filters / output.shape.at(-1);
  row.operations = 2 * height * width * inChannels * perPixel * tf.util.sizeFromShape(output.shape);
  if (config.kernelName.includes('Depthwise')) row.operations /= inChannels;
  (row.times[round] ??= []).push(time);
  rows.set(key, row);
  return result;
}

let round = 0;
const model = buildModel(name).fuse();
const size = model.preprocessing.size;
const images = tf.tensor4d(pixels(1, size), [1, size, size, 3]);
for (round = -3; round < ROUNDS; round++) {
  model.predict(images).dispose();
  if (round < 0) rows.clear();
}

const list = [...rows].map(([key, { times, operations }]) => {
  const count = times[0].length;
  // The best round of each of the layers of this shape, so that what else the machine does does not count.
  const time = Array.from({ length: count }, (_, i) => Math.min(...times.map((t) => t[i]))).reduce(
    (a, b) => a + b,
  );
  return { key, count, time, rate: (operations * count) / time / 1e6 };
});
const total = list.reduce((sum, { time }) => sum + time, 0);
console.log(
  `${name}, ${threads} thread${threads === '1' ? '' : 's'}: ${total.toFixed(1)} ms; the micro-kernel's peak is ${ceiling.toFixed(1)} GFLOP/s\n`,
);
console.log('| kernel | input, window and output | layers | time | of all | GFLOP/s | of peak |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const { key, count, time, rate } of list.sort((a, b) => b.time - a.time)) {
  if (time < 0.002 * total) continue;
  const rates = rate > 0 ? [rate.toFixed(1), `${((100 * rate) / ceiling).toFixed(0)} %`] : ['', ''];
  console.log(
    `| ${[key, count, `${time.toFixed(2)} ms`, `${((100 * time) / total).toFixed(1)} %`, ...rates].join(' | ')} |`,
  );
}
