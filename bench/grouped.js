/**
 * The grouped convolutions of ResNeXt-50 32x4d (3x3, 32 groups, 224 pixels) on `simd`: the kernel, forward and backward,
 * next to a convolution for each group; and ONNX Runtime in WebAssembly, where `python3 bench/export.py grouped` has written
 * its networks. Batch 1 and one thread by default.
 *
 *     npm run build && npm ci --prefix bench && node bench/grouped.js [BATCH] [THREADS]
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { Conv2D, Random } from 'skipscale';
import { setThreads } from 'skipscale/simd';

const ROUNDS = 15;
const [batch = 1, threads = 1] = process.argv.slice(2).map(Number);
await tf.setBackend('simd');
setThreads(threads);
await tf.backend().started();
ort.env.wasm.numThreads = threads;

/** Pixels, channels and stride of the 3x3 convolutions of each stage. */
const LAYERS = [
  [56, 128, 1],
  [56, 256, 2],
  [28, 256, 1],
  [28, 512, 2],
  [14, 512, 1],
  [14, 1024, 2],
  [7, 1024, 1],
];

/** A convolution for each group. */
function slices(x, filter, stride) {
  return tf.tidy(() => {
    const group = (tensor, i) => {
      const depth = tensor.shape[3] / 32;
      return tf.slice(tensor, [0, 0, 0, i * depth], [...tensor.shape.slice(0, 3), depth]);
    };
    const convolved = (_, i) => tf.conv2d(group(x, i), group(filter, i), stride, 1);
    return tf.concat(Array.from({ length: 32 }, convolved), 3);
  });
}

function timed(compute) {
  const start = performance.now();
  const tensors = compute();
  const time = performance.now() - start;
  tf.dispose(tensors);
  return time;
}

/** The least, so that what else the machine does does not count. */
const least = (times) => Math.min(...times);

console.log(
  '| layer | GFLOP/s | forward | slices | times | onnxruntime-web | times | backward | slices | times |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
for (const [pixels, channels, stride] of LAYERS) {
  const options = { inChannels: channels, filters: channels, groups: 32, kernelSize: 3, stride };
  const layer = new Conv2D({ ...options, padding: 'symmetric', random: new Random(0) });
  const x = tf.randomUniform([batch, pixels, pixels, channels]);
  const dy = tf.randomUniform([batch, pixels / stride, pixels / stride, channels]);
  const file = fileURLToPath(
    new URL(`networks/grouped-${pixels}-${channels}-${stride}.onnx`, import.meta.url),
  );
  const session = existsSync(file) && (await ort.InferenceSession.create(file));
  const image = new ort.Tensor('float32', tf.transpose(x, [0, 3, 1, 2]).dataSync(), [
    batch,
    channels,
    pixels,
    pixels,
  ]);
  const backward = (forward) => () => tf.grads(forward)([x, layer.weight], dy);
  const contestants = [
    () => timed(() => layer.forward(x)),
    () => timed(() => slices(x, layer.weight, stride)),
    () => timed(backward((x) => layer.forward(x))),
    () => timed(backward((x, filter) => slices(x, filter, stride))),
    async () => {
      const start = performance.now();
      if (session) await session.run({ images: image });
      return performance.now() - start;
    },
  ];
  const times = contestants.map(() => []);
  for (let round = -3; round < ROUNDS; round++) {
    for (const [i, run] of contestants.entries()) {
      const time = await run();
      if (round >= 0) times[i].push(time);
    }
  }
  const [kernel, sliced, gradient, slicedGradient, runtime] = times.map(least);
  const operations = (2 * 9 * (channels / 32) * dy.size) / kernel / 1e6;
  const ms = (time) => `${time.toFixed(2)} ms`;
  const row = [
    `${pixels} pixels, ${channels} channels, stride ${stride}`,
    ...[operations.toFixed(1), ms(kernel), ms(sliced), (sliced / kernel).toFixed(1)],
    ...(session ? [ms(runtime), (runtime / kernel).toFixed(2)] : ['', '']),
    ...[ms(gradient), ms(slicedGradient), (slicedGradient / gradient).toFixed(1)],
  ];
  console.log(`| ${row.join(' | ')} |`);
  tf.dispose([x, dy, layer.weight]);
}
