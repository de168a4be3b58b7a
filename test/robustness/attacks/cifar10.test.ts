import * as tf from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fgsm, pgd, unitPixels } from '../../../src/robustness/attacks/index.js';
import { preprocess } from '../../../src/vision/preprocess.js';
import { load } from '../../../src/weights/load.js';
import { describeWithShared, sharedFile } from '../../helpers/shared.js';

interface Golden {
  readonly perClass: number;
  readonly attacks: Readonly<Record<string, { readonly predicted: readonly number[] }>>;
}

const folder = 'data/cifar10';
const golden = JSON.parse(readFileSync(join(__dirname, '../../golden/attacks.json'), 'utf8')) as Golden;
/** Of each class; scripts/attack-agreement.js takes all of the golden file, and all attacks. */
const IMAGES = 2;

describeWithShared(folder, 'attacks on the ResNet-20 of CIFAR-10', () => {
  const { classes } = JSON.parse(readFileSync(sharedFile(folder, 'reference.json'), 'utf8')) as {
    classes: string[];
  };
  const places = classes.flatMap((_, c) => Array.from({ length: IMAGES }, (_, i) => c * golden.perClass + i));
  const labels = places.map((place) => Math.floor(place / golden.perClass));

  test('without random numbers, the network sees in the images what it sees in those of torchattacks', async () => {
    const model = await load(sharedFile(folder, 'resnet20-12fca82f.th'));
    const files = places.map((place, i) =>
      sharedFile(
        folder,
        'images',
        classes[labels[i]!]!,
        `${String(place % golden.perClass).padStart(4, '0')}.jpg`,
      ),
    );
    const images = await preprocess(files, { ...model.preprocessing, ...unitPixels });
    const radius = 0.5 / 255;
    const still = { randomStart: false, steps: 10 };
    const results = {
      fgsm: await fgsm(model, images, labels, { radius }),
      'pgd without random start': await pgd(model, images, labels, { radius, ...still }),
      'pgd l2 without random start': await pgd(model, images, labels, {
        norm: 'l2',
        radius: 0.0625,
        ...still,
      }),
    };
    for (const [name, { images, predicted, robustAccuracy }] of Object.entries(results)) {
      const expected = places.map((place) => golden.attacks[name]!.predicted[place]!);
      // Wrong images are not attacked here, and may be taken for another wrong class there.
      const isRight = (seen: readonly number[]) => seen.map((each, i) => each === labels[i]);
      expect([name, isRight(predicted)]).toEqual([name, isRight(expected)]);
      expect(robustAccuracy).toBeLessThan(0.6);
      images.dispose();
    }
    tf.dispose(images);
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });
});
