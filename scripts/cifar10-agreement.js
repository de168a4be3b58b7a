/**
 * Compares the CIFAR ResNets of akamaster's pytorch_resnet_cifar10 in this library with the same in PyTorch, on 1,000
 * CIFAR-10 test images as JPEG:
 *
 *     npm run agreement:cifar10 [-- FOLDER]
 *
 * FOLDER, by default ../shared/data/cifar10, holds the weights (resnet20-12fca82f.th, resnet32-d509ac18.th),
 * images/CLASS/NNNN.jpg, and reference.json with what PyTorch predicts. Prints a table in Markdown; the exit code is 1
 * where a network has fewer than 998 of PyTorch's predictions, or an accuracy off by more than 0.3 points.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildResNet, classify, load } from 'skipscale';

const folder = process.argv[2] ?? '../shared/data/cifar10';
const reference = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'));
const PER_CLASS = 100;
const images = reference.classes.flatMap((name) =>
  Array.from({ length: PER_CLASS }, (_, i) =>
    join(folder, 'images', name, `${String(i).padStart(4, '0')}.jpg`),
  ),
);

console.log("| network | PyTorch's prediction | accuracy here | accuracy of PyTorch | seconds |");
console.log('| --- | --- | --- | --- | --- |');
for (const [depth, file] of [
  [20, 'resnet20-12fca82f.th'],
  [32, 'resnet32-d509ac18.th'],
]) {
  const model = buildResNet(depth);
  await load(model, join(folder, file));
  const start = performance.now();
  const found = await classify(model, images, { top: 1, batchSize: 50 });
  const seconds = (performance.now() - start) / 1000;
  model.dispose();

  const { predicted, accuracy: expected } = reference[`resnet${depth}`];
  const agreeing = found.filter(([best], i) => best.index === predicted[i]).length;
  const right = found.filter(([best], i) => best.index === Math.floor(i / PER_CLASS)).length;
  const accuracy = right / images.length;
  const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;
  console.log(
    `| ResNet-${depth} | ${agreeing} of ${images.length} | ${percent(accuracy)} | ${percent(expected)} | ` +
      `${seconds.toFixed(1)} |`,
  );
  if (agreeing < 0.998 * images.length || Math.abs(accuracy - expected) > 0.003) process.exitCode = 1;
}
