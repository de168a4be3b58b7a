import * as tf from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cifar10Labels, classify, pretrained, decode, type ResNet } from '../../src/index.js';
import { describeWithShared, sharedFile } from '../helpers/shared.js';
import { expectError, skipscale } from '../helpers/skipscale.js';

const root = join(__dirname, '..', '..');
const photo = join(root, 'examples', 'photos', 'cat.jpg');

test('the file is float16, small, and says what it is', async () => {
  const bytes = readFileSync(join(root, 'weights', 'resnet20-cifar10.safetensors'));
  expect(bytes.length).toBeLessThanOrEqual(700_000);
  const { tensors, metadata } = await decode(bytes);
  expect([...new Set(Array.from(tensors.values(), ({ dtype }) => dtype))]).toEqual(['F16']);
  expect(metadata.get('model')).toBe('resnet20');
  expect(metadata.get('convention')).toBe('torchvision');
  expect(JSON.parse(metadata.get('labels')!)).toEqual(cifar10Labels);
});

describe('the network that comes with the package', () => {
  let model: ResNet;
  beforeAll(async () => {
    model = await pretrained('resnet20');
  });
  afterAll(() => {
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('knows a cat', async () => {
    expect(model.labels).toEqual(cifar10Labels);
    const [first] = await classify(model, photo);
    expect(first!.label).toBe('cat');
  });

  describeWithShared('data/cifar10', 'on images of CIFAR-10 that it was not trained on', () => {
    test('has a top-1 above 0.8 on 100 of them, and knows some of every class', async () => {
      const images = cifar10Labels.flatMap((name) =>
        Array.from({ length: 10 }, (_, i) => sharedFile('data', 'cifar10', 'images', name, `000${i}.jpg`)),
      );
      const found = await classify(model, images, { top: 1 });
      const right = found.map(([best], i) => best!.index === Math.floor(i / 10));
      expect(right.filter(Boolean).length / right.length).toBeGreaterThan(0.8);
      for (let label = 0; label < 10; label++)
        expect(right.slice(10 * label, 10 * label + 10)).toContain(true);
    });
  });
});

describe('skipscale classify without --weights', () => {
  test('takes it, and says once on standard error what it knows', async () => {
    const { status, stdout, stderr } = await skipscale('classify', photo, photo);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^.*cat\.jpg\n +\d+\.\d % {2}cat\n/);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/CIFAR-10's ten classes only.*--model resnet50 --weights imagenet/),
    ]);
  });

  test('by its name, without a word', async () => {
    const named = await skipscale('classify', photo, '--model', 'resnet20', '--weights', 'cifar10', '--json');
    expect([named.status, named.stderr]).toEqual([0, '']);
    expect(await skipscale('classify', photo, '--weights', 'skipscale/resnet20-cifar10', '--json')).toEqual(
      named,
    );
  });

  test('other networks take weights, and those of several a network', async () => {
    expectError(
      await skipscale('classify', photo, '--model', 'resnet50'),
      'Only resnet20 comes with weights; for resnet50, give --weights imagenet or --weights FILE.',
    );
    expectError(
      await skipscale('classify', photo, '--weights', 'imagenet'),
      '--weights imagenet are of several networks; name one, such as --model resnet50.',
    );
    expectError(
      await skipscale('classify', photo, '--model', 'resnet20', '--weights', 'imagenet'),
      "There are no weights 'imagenet' of resnet20; there are resnet18,",
    );
  });
});
