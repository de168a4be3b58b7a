/**
 * How long a training waits for its batches: the share of a step, with batches made by the training's thread (0
 * workers) and by worker threads, two cores for all.
 *
 *     npm run build && node bench/augmentation.js cifar
 *     npm run build && node bench/augmentation.js photos    # JPEGs of 500 x 375 pixels, decoded in every epoch
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { BatchWorkers, buildModel, constantSchedule, Random, train } from 'skipscale';
import { setThreads } from 'skipscale/simd';
import { open } from './peers/augmented-batches.js';

/** Steps that do not count, in which threads and kernels start. */
const WARM_UP = 4;
const STEPS = 10;

const cases = {
  cifar: {
    model: 'resnet20',
    size: 32,
    batchSize: 128,
    augmentations: ['flip and crop', 'flip, crop and AutoAugment', 'flip, crop and jitter with hue'],
  },
  photos: { model: 'resnet18', size: 224, batchSize: 16, augmentations: ['resized crop and flip'] },
};

/** Paths of JPEGs of about 100 kB, such as ImageNet's are. */
async function writePhotos(folder) {
  const random = new Random(1);
  return Promise.all(
    Array.from({ length: 64 }, async (_, i) => {
      const [width, height] = [100, 75];
      const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
      const file = join(folder, `${i}.jpg`);
      const small = sharp(data, { raw: { width, height, channels: 3 } });
      await small.resize(500, 375, { kernel: 'cubic' }).jpeg({ quality: 90 }).toFile(file);
      return file;
    }),
  );
}

const module = new URL('./peers/augmented-batches.js', import.meta.url);

/** Milliseconds of a step, their median, and of its wait for the batch, their mean, since waits come together. */
async function measure(name, workers, parameters) {
  const { dataset, augment } = open(parameters);
  const { batchSize, size } = parameters;
  const model = buildModel(name, { classes: dataset.classes.length });
  const threads = workers > 0 ? new BatchWorkers(module, { workers, parameters }) : undefined;
  const options = { epochs: 1, batchSize, size, augment, schedule: constantSchedule(0.01) };
  const steps = [];
  for await (const event of train(model, threads?.source ?? dataset, options)) {
    if (event.type === 'step') steps.push(event);
  }
  await threads?.close();
  model.dispose();
  const counted = steps.slice(WARM_UP);
  const times = counted.map(({ seconds }) => 1000 * seconds).sort((a, b) => a - b);
  const wait = (1000 * counted.reduce((sum, { waited }) => sum + waited, 0)) / STEPS;
  return { step: (times[STEPS / 2 - 1] + times[STEPS / 2]) / 2, wait };
}

await tf.setBackend('simd');
setThreads(2);
const kind = process.argv[2] ?? 'cifar';
const { model, size, batchSize, augmentations } = cases[kind];
const folder = mkdtempSync(join(tmpdir(), 'skipscale-'));
try {
  const files = kind === 'photos' ? await writePhotos(folder) : undefined;
  console.log(`${model}, ${size} pixels, batch ${batchSize}\n`);
  console.log('| augmentation | workers | a step | its wait | share |\n| --- | --- | --- | --- | --- |');
  for (const augment of augmentations) {
    const parameters = { files, images: (WARM_UP + STEPS) * batchSize, augment, size, batchSize };
    for (const workers of [0, 1, 2]) {
      const { step, wait } = await measure(model, workers, parameters);
      const cells = [
        `${step.toFixed(0)} ms`,
        `${wait.toFixed(1)} ms`,
        `${((100 * wait) / step).toFixed(1)} %`,
      ];
      console.log(`| ${[augment, workers, ...cells].join(' | ')} |`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
