/**
 * Measures what a way to train buys: the network that comes with the package, or a file's, trained on by one recipe, then
 * classifying clean, corrupted and attacked test images. docs/robustness.md has the table.
 *
 *     npm run build && node scripts/robust-training.js RECIPE [FROM [EPOCHS [EVERY [SAVE]]]]
 *
 * RECIPE is one of those below. FROM is a file of weights, or `embedded`, the default. EPOCHS is 3 by default. Each EVERYth image is
 * trained on, by default the fourth. SAVE is where the weights go. The images are those of ../shared/data/cifar10; a fiftieth of the
 * training images is held out, as for the package's network. Prints a row of the table in Markdown, then the errors by corruption
 * of severities 1, 3 and 5.
 */
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {
  adversarialTraining,
  augMixConsistency,
  compose,
  cosineSchedule,
  decodeAll,
  encode,
  evaluate,
  evaluateCorruptions,
  folderDataset,
  load,
  mixup,
  padAndCrop,
  pgd,
  preprocess,
  pretrained,
  randomFlip,
  SGD,
  split,
  subset,
  tarDataset,
  trades,
  train,
  unitPixels,
} from 'skipscale';

const folder = '../shared/data/cifar10';
const [recipe = 'none', from = 'embedded', epochs = '3', every = '4', save] = process.argv.slice(2);
const BATCH = 128;
const RATE = 0.02;
const RADIUS = 2 / 255;

const augment = compose(randomFlip(), padAndCrop(4));
const attack = { radius: RADIUS, steps: 3, stepSize: RADIUS / 2 };
const recipes = {
  none: undefined,
  'no augmentation': {},
  augmentation: { augment },
  mixup: { augment, mix: mixup(0.2) },
  AugMix: { augment, objective: augMixConsistency() },
  'adversarial training': { augment, objective: adversarialTraining(attack) },
  TRADES: { augment, objective: trades(attack) },
};
if (!(recipe in recipes))
  throw new Error(`There is no recipe ${recipe}; give one of ${Object.keys(recipes).join(', ')}.`);

await tf.setBackend('simd');
const model = from === 'embedded' ? await pretrained('resnet20') : await load(from);
const percent = (share) => `${(100 * share).toFixed(1)} %`;

async function trainOn() {
  const parts = split(await decodeAll(await tarDataset(`${folder}/train.tar.gz`)), {
    validation: 0.02,
    seed: 1,
  });
  const places = Array.from(parts.train.labels.keys()).filter((place) => place % Number(every) === 0);
  const steps = Number(epochs) * Math.floor(places.length / BATCH);
  const events = train(model, subset(parts.train, places), {
    epochs: Number(epochs),
    batchSize: BATCH,
    schedule: cosineSchedule(RATE, { steps }),
    optimizer: (parameters) => new SGD(parameters, { weightDecay: 5e-4 }),
    movingAverage: { decay: 0.999 },
    validation: parts.validation,
    seed: 1,
    ...recipes[recipe],
  });
  for await (const event of events) {
    if (event.type === 'epoch')
      console.error(
        `epoch ${event.epoch + 1}: loss ${event.loss.toFixed(4)}, right ${percent(event.metrics.accuracy)}, ${event.seconds.toFixed(0)} s`,
      );
    if (event.type === 'evaluation') console.error(`held out: ${percent(event.evaluation.top1)}`);
  }
  if (save) writeFileSync(save, await encode(model));
}

if (recipes[recipe]) await trainOn();

const data = await folderDataset(`${folder}/images`);
const { top1, calibrationError } = await evaluate(model, data);
const corrupted = await evaluateCorruptions(model, data, { severities: [1, 3, 5] });
const files = data.labels.length;
const images = await preprocess(await Promise.all(Array.from({ length: files }, (_, i) => data.image(i))), {
  ...model.preprocessing,
  ...unitPixels,
});
const robust = [];
for (const radius of [RADIUS / 4, RADIUS]) {
  const result = await pgd(model, images, Array.from(data.labels), { radius, batchSize: 100 });
  result.images.dispose();
  robust.push(percent(result.robustAccuracy));
}
console.log(
  `| ${[recipe, percent(top1), percent(calibrationError), percent(1 - corrupted.meanError), ...robust].join(' | ')} |`,
);
console.log(JSON.stringify(corrupted.errors));
