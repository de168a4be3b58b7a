import * as tf from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { classify } from '../../src/vision/classify.js';
import { decodeImage } from '../../src/vision/decode-image.node.js';
import { preprocess } from '../../src/vision/preprocess.js';
import { cifar10Labels } from '../../src/models/labels/cifar10.js';
import { load } from '../../src/weights/load.js';
import { relativeDistance } from '../helpers/golden.js';
import { describeWithShared, sharedFile } from '../helpers/shared.js';

interface PyTorch {
  predicted: number[];
  logits_of_each_class_0000: number[][];
}

type Reference = { classes: string[] } & Record<'resnet20' | 'resnet32', PyTorch>;

const folder = 'data/cifar10';
/** Of each class; scripts/cifar10-agreement.js takes all 100. */
const IMAGES = 10;

describeWithShared(folder, 'trained on CIFAR-10', () => {
  const reference = JSON.parse(readFileSync(sharedFile(folder, 'reference.json'), 'utf8')) as Reference;
  const file = (name: string, i: number) =>
    sharedFile(folder, 'images', name, `${String(i).padStart(4, '0')}.jpg`);

  describe.each([
    [20, 'resnet20-12fca82f.th'],
    [32, 'resnet32-d509ac18.th'],
  ] as const)('ResNet-%d', (depth, weights) => {
    const expected = reference[`resnet${depth}` as const];
    let model: ImageClassifier;

    beforeAll(async () => {
      model = await load(sharedFile(folder, weights), { labels: cifar10Labels });
      expect(model.architecture.name).toBe(`resnet${depth}`);
    });

    afterAll(() => {
      model.dispose();
      expect(tf.memory().numTensors).toBe(0);
    });

    test("logits are PyTorch's", async () => {
      const images = await Promise.all(reference.classes.map((name) => decodeImage(file(name, 0))));
      const x = await preprocess(images, model.preprocessing);
      const logits = model.predict(x);
      // The reference has five digits after the point.
      const distance = relativeDistance(logits.dataSync(), expected.logits_of_each_class_0000.flat());
      expect(distance).toBeLessThan(1e-5);
      tf.dispose([x, logits]);
    });

    test(`names ${10 * IMAGES} photos as PyTorch does`, async () => {
      const files = reference.classes.flatMap((name) =>
        Array.from({ length: IMAGES }, (_, i) => file(name, i)),
      );
      const found = await classify(model, files, { top: 1 });
      const predicted = expected.predicted.filter((_, i) => i % 100 < IMAGES);
      expect(found.map(([best]) => best!.index)).toEqual(predicted);
      expect(found.map(([best]) => best!.label)).toEqual(predicted.map((index) => reference.classes[index]));
    });
  });
});
