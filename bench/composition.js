/**
 * What composition costs: ResNet-50 (batch 1, 224 pixels) built by this library and by tfjs-layers, on the same tfjs
 * backend, alternating; and `fuse()`.
 *
 *     npm run build && npm ci --prefix bench && node bench/composition.js [wasm|cpu|simd] [ROUNDS]
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { buildResNet } from 'skipscale';
import { median } from './peer.js';
import { pixels } from './peers/serve.js';

const backend = process.argv[2] ?? 'wasm';
const rounds = Number(process.argv[3] ?? (backend === 'cpu' ? 3 : 15));
if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
await tf.setBackend(backend);
await tf.ready();

/** torchvision's ResNet-50 in tfjs-layers: He et al. 2015, table 1, the stride in the 3x3. */
function layersResNet50() {
  const convNorm = (x, filters, kernelSize, strides, activation) => {
    const padding = Math.floor(kernelSize / 2);
    let y = padding > 0 ? layers.layers.zeroPadding2d({ padding }).apply(x) : x;
    y = layers.layers.conv2d({ filters, kernelSize, strides, padding: 'valid', useBias: false }).apply(y);
    y = layers.layers.batchNormalization({ epsilon: 1e-5 }).apply(y);
    return activation ? layers.layers.activation({ activation }).apply(y) : y;
  };
  const input = layers.input({ shape: [224, 224, 3] });
  let x = convNorm(input, 64, 7, 2, 'relu');
  x = layers.layers.zeroPadding2d({ padding: 1 }).apply(x);
  x = layers.layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(x);
  [3, 4, 6, 3].forEach((blocks, stage) => {
    const channels = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const shortcut = block === 0 ? convNorm(x, 4 * channels, 1, stride) : x;
      let h = convNorm(x, channels, 1, 1, 'relu');
      h = convNorm(h, channels, 3, stride, 'relu');
      h = convNorm(h, 4 * channels, 1, 1);
      x = layers.layers.activation({ activation: 'relu' }).apply(layers.layers.add().apply([h, shortcut]));
    }
  });
  x = layers.layers.globalAveragePooling2d({}).apply(x);
  return layers.model({ inputs: input, outputs: layers.layers.dense({ units: 1000 }).apply(x) });
}

const networks = [
  ['tfjs-layers', layersResNet50()],
  ['skipscale', buildResNet(50)],
  ['skipscale, fused', buildResNet(50).fuse()],
];
const images = tf.tensor4d(pixels(1), [1, 224, 224, 3]);
const times = networks.map(() => []);
for (let round = -2; round < rounds; round++) {
  for (const [i, [, network]] of networks.entries()) {
    const start = performance.now();
    const logits = network.predict(images);
    await logits.data();
    logits.dispose();
    if (round >= 0) times[i].push(performance.now() - start);
  }
}

const [base, unfused] = times.map(median);
console.log(`| on ${backend} | time | tfjs-layers takes | unfused takes |`);
console.log('| --- | --- | --- | --- |');
networks.forEach(([name], i) => {
  const time = median(times[i]);
  const ratios = [base, unfused].map((other) => `${(other / time).toFixed(2)} times as long`);
  console.log(`| ${[name, `${time.toFixed(0)} ms`, ...ratios].join(' | ')} |`);
});
