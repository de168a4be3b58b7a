/**
 * The first prediction of a fused ResNet-50 (batch 1, 224 pixels) in a fresh process compared with later ones, without
 * `warmUp`, and what `warmUp` takes.
 *
 *     npm run build && npm ci --prefix bench && node bench/first-prediction.js
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, warmUp } from 'skipscale';
import { median } from './peer.js';
import { pixels } from './peers/serve.js';

const PROCESSES = 5;

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Milliseconds of the warming up (0 without), of the first prediction after it, and of a warm one. */
async function measure(warm) {
  const model = buildModel('resnet50').fuse();
  const images = tf.tensor4d(pixels(1), [1, 224, 224, 3]);
  const predict = () => timed(async () => (await model.predict(images).data()).length);
  const warming = warm ? await timed(() => warmUp(model)) : 0;
  const first = await predict();
  const later = [];
  for (let i = 0; i < 40; i++) later.push(await predict());
  return [warming, first, median(later.slice(-15))];
}

if (process.argv[2]) {
  console.log(JSON.stringify(await measure(process.argv[2] === 'warm')));
} else {
  console.log('| | warming up | first prediction | warm prediction |');
  console.log('| --- | --- | --- | --- |');
  for (const kind of ['cold', 'warm']) {
    const runs = Array.from({ length: PROCESSES }, () =>
      JSON.parse(
        execFileSync(process.execPath, [fileURLToPath(import.meta.url), kind], { encoding: 'utf8' }),
      ),
    );
    const [warming, first, later] = [0, 1, 2].map(
      (i) => `${median(runs.map((run) => run[i])).toFixed(0)} ms`,
    );
    const name = kind === 'cold' ? 'without `warmUp`' : 'after `warmUp`';
    console.log(`| ${[name, kind === 'cold' ? '' : warming, first, later].join(' | ')} |`);
  }
}
