/**
 * Classifies real photos with EfficientNet-Lite0 trained on ImageNet, and compares the logits with PyTorch's:
 *
 *     python3 scripts/imagenet-lite0.py FOLDER
 *     npm run agreement:imagenet -- FOLDER
 *
 * Prints a table in Markdown; the exit code is 1 where a photo's class is not among the first three, or a logit is off
 * by more than 1e-3 of the logits' standard deviation.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildEfficientNet, classify, decodeImage, load, preprocess } from 'skipscale';

/** ImageNet's classes that the subject of a photo belongs to; none for what ImageNet has no class for, a dahlia. */
const subjects = {
  'chelsea.png': ['tabby', 'tiger cat', 'Egyptian cat'],
  'coffee.png': ['espresso', 'cup', 'coffee mug'],
  'rocket.jpg': ['missile', 'projectile'],
  'motorcycle_left.png': ['moped', 'motor scooter'],
  'camera.png': ['tripod'],
  'china.jpg': ['palace'],
  'flower.jpg': [],
};

const folder = process.argv[2];
const reference = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'));
const model = buildEfficientNet(0, { variant: 'lite', initialize: false });
await load(model, join(folder, 'efficientnet-lite0.pth'));

const names = Object.keys(subjects);
const photos = names.map((name) => join(folder, 'photos', name));
const found = await classify(model, photos, { top: 3 });

console.log('| photo | first three classes | largest difference of a logit |');
console.log('| --- | --- | --- |');
for (const [i, name] of names.entries()) {
  const input = preprocess([await decodeImage(photos[i])], model.preprocessing);
  const logits = model.predict(input);
  const distance = relativeDistance(await logits.data(), reference.logits[name]);
  input.dispose();
  logits.dispose();
  const classes = found[i].map(({ label, probability }) => `${label} ${(100 * probability).toFixed(0)} %`);
  console.log(`| ${name} | ${classes.join(', ')} | ${distance.toExponential(1)} |`);
  const isRight = subjects[name].length === 0 || found[i].some(({ label }) => subjects[name].includes(label));
  if (!isRight || !(distance < 1e-3)) process.exitCode = 1;
}
model.dispose();

/** The largest difference, relative to the standard deviation of `expected`. */
function relativeDistance(actual, expected) {
  const mean = expected.reduce((a, b) => a + b) / expected.length;
  const deviation = Math.sqrt(expected.reduce((sum, v) => sum + (v - mean) ** 2, 0) / expected.length);
  return Math.max(...expected.map((v, i) => Math.abs(v - actual[i]))) / deviation;
}
