/**
 * Judges every method of explanation on the pretrained CIFAR network and real test images: how faithful its maps are, whether they
 * show the right one of four images, and what is left of them in a random network. Prints the table of docs/explain.md.
 *
 *     npm run build && node bench/explanations.js ../shared/data/cifar10/images [images] [methods]
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  explain,
  explanationMethods,
  faithfulness,
  folderDataset,
  localization,
  preprocess,
  pretrained,
  Random,
  sanityCheck,
} from 'skipscale';

const [folder, given = '16', methods = explanationMethods.join(',')] = process.argv.slice(2);
const count = Number(given);
const SIDE = 32;
const model = await pretrained('resnet20', { weights: 'cifar10' });
const data = await folderDataset(folder);
const random = new Random(1);

/** Images that the network knows, as its input, with their classes. */
async function knownImages() {
  const known = [];
  while (known.length < count + 3) {
    const place = random.integer(data.labels.length);
    const x = await preprocess(await data.image(place), model.preprocessing);
    const label = data.labels[place];
    const probabilities = tf.tidy(() => tf.softmax(model.predict(x)).dataSync());
    if (probabilities[label] > 0.9) known.push({ x, label });
  }
  return known;
}

/** Four images of different classes as one, the first of them in a random corner. */
function grids(known) {
  return known.slice(0, count).map(({ x, label }, i) => {
    const others = [];
    for (let j = 1; others.length < 3; j++) {
      const other = known[(i + j) % known.length];
      if (other.label !== label) others.push(other.x);
    }
    const corner = random.integer(4);
    others.splice(corner, 0, x);
    const rows = [0, 2].map((first) => tf.concat(others.slice(first, first + 2), 2));
    return { x: tf.concat(rows, 1), label, top: SIDE * (corner >> 1), left: SIDE * (corner & 1) };
  });
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const known = await knownImages();
const images = tf.concat(known.slice(0, count).map(({ x }) => x));
const target = known.slice(0, count).map(({ label }) => label);
const quartets = grids(known);
const together = tf.concat(quartets.map(({ x }) => x));

async function judge(method) {
  const options = { method, target, ...(sampled.includes(method) && { samples: 100 }) };
  const made = await explain(model, images, options);
  const curves = await faithfulness(model, images, made);
  const found = await explain(model, together, options);
  const places = found.map((each, i) => localization(each, { ...quartets[i], height: SIDE, width: SIDE }));
  const few = tf.slice(images, 0, 4);
  const [first, , , last] = await sanityCheck(model, few, { ...options, target: target.slice(0, 4) });
  return [
    `\`${method}\``,
    mean(curves.map(({ deletion }) => deletion.area)).toFixed(2),
    mean(curves.map(({ insertion }) => insertion.area)).toFixed(2),
    `${(100 * mean(places.map(({ hit }) => Number(hit)))).toFixed(0)} %`,
    `${(100 * mean(places.map(({ share }) => share))).toFixed(0)} %`,
    `${first.similarity.toFixed(2)}, ${last.similarity.toFixed(2)}`,
  ];
}

const sampled = ['lime', 'kernelShap', 'rise'];
console.log('| method | deletion | insertion | hits | share | after shuffling |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const method of methods.split(',')) console.log(`| ${(await judge(method)).join(' | ')} |`);
const chance = Array.from({ length: count }, () => ({
  map: random.uniformArray(SIDE * SIDE, 0, 1),
  height: SIDE,
  width: SIDE,
}));
const curves = await faithfulness(
  model,
  images,
  chance.map((each, i) => ({ ...each, target: target[i] })),
);
const [deletion, insertion] = ['deletion', 'insertion'].map((kind) =>
  mean(curves.map((each) => each[kind].area)).toFixed(2),
);
console.log(`| a random map | ${deletion} | ${insertion} | 25 % | 25 % | |`);
