/**
 * What `fineTune` makes of a few images, compared with other ways to train on them: the share of right answers on images that
 * none of them has seen, mean of three seeds. docs/training.md has its table.
 *
 *     npm run build && node scripts/fine-tuning.js                     # all; it takes an hour or more on two cores
 *     npm run build && node scripts/fine-tuning.js 'cat or dog, 10 each' 'the recipe;its head only'    # names, by semicolons
 *
 * The photos are CIFAR-10's test images in ../shared/data; shapes and textures are drawn here.
 */
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import {
  arrayDataset,
  buildResNet,
  decodeAll,
  evaluate,
  fineTune,
  folderDataset,
  pretrained,
  Random,
  subset,
} from 'skipscale';
import { drawShape, drawTexture } from './drawings.js';

const SEEDS = [0, 1, 2];

/** Images of each drawn class that are only tested on. */
const TESTED = 60;

let photos;

/** `count` photos a class to train on, and the rest of the hundred, by a seed. */
async function photosOf(classes, count, seed) {
  photos ??= await decodeAll(await folderDataset('../shared/data/cifar10/images'));
  const random = new Random(seed);
  const [train, test] = [[], []];
  for (const name of classes) {
    const label = photos.classes.indexOf(name);
    const places = Array.from(photos.labels.keys()).filter((place) => photos.labels[place] === label);
    for (let left = count; left > 0; left--) train.push(...places.splice(random.integer(places.length), 1));
    test.push(...places);
  }
  const of = (places) => {
    const { labels, image } = subset(photos, places);
    return arrayDataset(
      places.map((_, i) => image(i)),
      Array.from(labels, (label) => classes.indexOf(photos.classes[label])),
      classes,
    );
  };
  return { train: of(train), test: of(test) };
}

/** Drawings, each of a colour, place and turn of its own, with noise. */
async function drawn(draw, classes, count, seed) {
  const random = new Random(seed);
  const make = async (count) => {
    const labels = Array.from({ length: count * classes.length }, (_, i) => i % classes.length);
    const images = [];
    for (const label of labels) {
      const svg = Buffer.from(draw(classes[label], random));
      const { data, info } = await sharp(svg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const noisy = Uint8ClampedArray.from(data, (value) => value + random.integer(25) - 12);
      images.push({ width: info.width, height: info.height, data: noisy });
    }
    return arrayDataset(images, labels, classes);
  };
  return { train: await make(count), test: await make(TESTED) };
}

const sets = {
  'bird, cat or dog, 24 each': (seed) => photosOf(['bird', 'cat', 'dog'], 24, seed),
  'cat or dog, 10 each': (seed) => photosOf(['cat', 'dog'], 10, seed),
  'all ten classes, 20 each': async (seed) =>
    photosOf((await folderDataset('../shared/data/cifar10/images')).classes, 20, seed),
  'shapes of 96 pixels, 24 each': (seed) => drawn(drawShape, ['circle', 'square', 'star'], 24, seed),
  'textures of 240 x 180, 24 each': (seed) => drawn(drawTexture, ['checks', 'dots', 'stripes'], 24, seed),
};

const all = ['stem', 'stages.0', 'stages.1', 'stages.2'];
const ways = {
  'the recipe': {},
  'its head only': { freeze: all, learningRate: 0.03 },
  'the recipe with batches of 8': { batchSize: 8 },
  'the recipe with the rate 0.03': { learningRate: 0.03 },
  'the recipe at 64 x 64 pixels': { size: 64 },
  'from scratch, the same steps': { isScratch: true },
  'from scratch, 30 epochs, batches of 128, rate 0.1': {
    isScratch: true,
    epochs: 30,
    batchSize: 128,
    learningRate: 0.1,
  },
};

/** The share of right answers on the images to test. */
async function trial({ train, test }, { isScratch = false, size, ...options }, seed) {
  const model = isScratch
    ? buildResNet(20, { classes: train.classes.length, size, seed })
    : await pretrained('resnet20', { size });
  await fineTune(model, train, { ...options, seed });
  const { top1 } = await evaluate(model, test);
  model.dispose();
  return top1;
}

await tf.setBackend('simd');
const wanted = process.argv[2]?.split(';') ?? Object.keys(sets);
const only = process.argv[3]?.split(';') ?? Object.keys(ways);
console.log(`| | ${wanted.join(' | ')} |\n| --- |${' --- |'.repeat(wanted.length)}`);
const data = new Map();
for (const name of wanted) data.set(name, await Promise.all(SEEDS.map((seed) => sets[name](seed))));
for (const way of only) {
  const cells = [];
  for (const name of wanted) {
    const shares = [];
    for (const [i, seed] of SEEDS.entries()) shares.push(await trial(data.get(name)[i], ways[way], seed));
    const mean = shares.reduce((a, b) => a + b) / shares.length;
    cells.push(
      `${(100 * mean).toFixed(1)} % (${shares.map((share) => (100 * share).toFixed(0)).join(', ')})`,
    );
  }
  console.log(`| ${[way, ...cells].join(' | ')} |`);
}
