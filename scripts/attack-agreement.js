/**
 * Compares the attacks with torchattacks on the CIFAR-10 ResNet-20 of akamaster's pytorch_resnet_cifar10:
 *
 *     node scripts/attack-agreement.js [FOLDER [GOLDEN [ATTACK]]]
 *
 * FOLDER, by default ../shared/data/cifar10, holds the weights and images/CLASS/NNNN.jpg; GOLDEN, by default
 * test/golden/attacks.json, is what test/golden/attacks.py wrote of as many images of each class. ATTACK is one of the table's
 * rows, by default all. Prints a table in Markdown; the exit code is 1 where a robust accuracy is off by more than a point, or an
 * image lies outside of its ball or of the range from 0 to 1.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apgd, deepFool, fgsm, load, pgd, preprocess, squareAttack, unitPixels } from 'skipscale';

const [folder = '../shared/data/cifar10', golden = 'test/golden/attacks.json', only] = process.argv.slice(2);
const { classes } = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'));
const { perClass, attacks: expected } = JSON.parse(readFileSync(golden, 'utf8'));
const files = classes.flatMap((name) =>
  Array.from({ length: perClass }, (_, i) =>
    join(folder, 'images', name, `${String(i).padStart(4, '0')}.jpg`),
  ),
);
const labels = files.map((_, i) => Math.floor(i / perClass));

const [linf, l2] = [0.5 / 255, 0.0625];
const attacks = {
  fgsm: [fgsm, { radius: linf }],
  'pgd without random start': [pgd, { radius: linf, randomStart: false }],
  pgd: [pgd, { radius: linf }],
  'pgd targeted': [
    pgd,
    { radius: 2 / 255, randomStart: false, target: labels.map((label) => (label + 1) % 10) },
  ],
  'pgd l2 without random start': [pgd, { norm: 'l2', radius: l2, randomStart: false }],
  'pgd l2': [pgd, { norm: 'l2', radius: l2 }],
  'apgd ce': [apgd, { radius: linf, steps: 50 }],
  'apgd dlr': [apgd, { radius: linf, steps: 50, loss: 'dlr' }],
  'apgd ce l2': [apgd, { norm: 'l2', radius: l2, steps: 50 }],
  'apgd dlr l2': [apgd, { norm: 'l2', radius: l2, steps: 50, loss: 'dlr' }],
  square: [squareAttack, { radius: 2 / 255, queries: 500 }],
  'square l2': [squareAttack, { norm: 'l2', radius: 0.25, queries: 500 }],
  deepFool: [deepFool, {}],
};

const model = await load(join(folder, 'resnet20-12fca82f.th'));
const images = await preprocess(files, { ...model.preprocessing, ...unitPixels });
const before = await images.data();
console.log('| attack | images | robust here | torchattacks | mean L2 here | torchattacks | seconds |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const [name, [attack, options]] of Object.entries(attacks)) {
  if (!(name in expected) || (only !== undefined && only !== name)) continue;
  const start = performance.now();
  const result = await attack(model, images, labels, { batchSize: 100, ...options });
  const seconds = (performance.now() - start) / 1000;
  const after = await result.images.data();
  const size = after.length / labels.length;
  const lengths = labels.map((_, n) => {
    let squares = 0;
    for (let i = n * size; i < (n + 1) * size; i++) squares += (after[i] - before[i]) ** 2;
    return Math.sqrt(squares);
  });
  const meanL2 = lengths.reduce((sum, length) => sum + length, 0) / labels.length;
  const { radius = Infinity, norm } = options;
  // Each value is rounded to float32, whose values near 1 are 2 ** -24 apart.
  const rounding = 2 ** -23 * (norm === 'l2' ? Math.sqrt(size) : 1);
  const isOutside =
    result.distances.some((distance) => distance > radius + rounding) ||
    after.some((value) => !(value >= 0 && value <= 1));
  const { robustAccuracy, meanL2: expectedL2 } = expected[name];
  if (isOutside || Math.abs(result.robustAccuracy - robustAccuracy) > 0.01) process.exitCode = 1;
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `| ${name} | ${labels.length} | ${percent(result.robustAccuracy)} | ${percent(robustAccuracy)} | ${meanL2.toFixed(4)} | ` +
      `${expectedL2.toFixed(4)} | ${seconds.toFixed(1)} |${isOutside ? ' outside!' : ''}`,
  );
  result.images.dispose();
}
