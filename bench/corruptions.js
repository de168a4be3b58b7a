/**
 * Times the common corruptions, and a step of an attack:
 *
 *     node bench/corruptions.js              # all 19 corruptions at 5 severities, 224 x 224; a row each
 *     node bench/corruptions.js once         # the same, each once: what a new process takes, with the compilation of the code
 *     python3 bench/peers/corruptions.py     # the same with PyPI's imagecorruptions; takes once, too
 *     node bench/corruptions.js attack       # a step of PGD over a plain gradient with respect to the input, ResNet-20
 *
 * Processor time for the corruptions, medians of three calls unless `once`; the two of `attack` run by turns and are timed by the clock.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  buildResNet,
  commonCorruptions,
  corrupt,
  evaluation,
  extraCorruptions,
  pgd,
  preprocessInput,
  ready,
  softmaxCrossEntropy,
  Random,
} from 'skipscale';

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

if (process.argv[2] === 'attack') await attackStep();
else corruptions(process.argv[2] === 'once' ? 1 : 3);

function corruptions(calls) {
  const [width, height] = [224, 224];
  const data = new Uint8Array(width * height * 3);
  data.forEach((_, i) => {
    const [y, x] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width];
    data[i] = 127 + 80 * Math.sin(x / 17 + (i % 3)) + 40 * Math.cos((x + 2 * y) / 9);
  });
  const image = { width, height, data };
  const sums = {};
  for (const name of [...commonCorruptions, ...extraCorruptions]) {
    const times = [1, 2, 3, 4, 5].map((severity) => {
      const runs = Array.from({ length: calls }, (_, seed) => {
        const start = process.cpuUsage();
        corrupt(image, name, { severity, seed });
        const { user, system } = process.cpuUsage(start);
        return (user + system) / 1000;
      });
      return median(runs);
    });
    const sum = times.reduce((a, b) => a + b);
    sums[name] = sum;
    console.log(`${name.padEnd(18)} ${sum.toFixed(1).padStart(8)} ms for five severities`);
  }
  const total = Object.values(sums).reduce((a, b) => a + b);
  console.log(`all                ${total.toFixed(1).padStart(8)} ms`);
  console.log(`all but glass_blur ${(total - sums.glass_blur).toFixed(1).padStart(8)} ms`);
}

async function attackStep() {
  await ready();
  const model = buildResNet(20, { classes: 10 });
  const images = tf.tensor4d(new Random(0).uniformArray(64 * 32 * 32 * 3, 0, 1), [64, 32, 32, 3]);
  const labels = tf.tidy(() =>
    Array.from(tf.argMax(model.predict(preprocessInput(tf.mul(images, 255), model)), 1).dataSync()),
  );
  const input = preprocessInput(tf.mul(images, 255), model);
  const targets = tf.tensor1d(labels, 'int32');
  const gradient = tf.grad((x) => softmaxCrossEntropy(model.forward(x, evaluation), targets));
  const timed = async (work) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  const STEPS = 6;
  const attack = (steps) => async () => {
    const result = await pgd(model, images, labels, { radius: 1e-6, steps, randomStart: false });
    result.images.dispose();
  };
  const plain = async () => {
    for (let i = 0; i < STEPS; i++) {
      const found = gradient(input);
      await found.data();
      found.dispose();
    }
  };
  const ratios = [];
  for (let round = 0; round < 12; round++) {
    const alone = (await timed(plain)) / STEPS;
    const step = ((await timed(attack(STEPS + 1))) - (await timed(attack(1)))) / STEPS;
    if (round > 1) ratios.push(step / alone);
    console.log(`plain gradient ${alone.toFixed(1)} ms, step ${step.toFixed(1)} ms`);
  }
  console.log(`a step takes ${median(ratios).toFixed(3)} times a plain gradient`);
}
