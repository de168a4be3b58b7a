import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../../src/core/random.js';
import { augMix, augMixConsistency, jensenShannon } from '../../../src/robustness/corruptions/aug-mix.js';
import { corruption } from '../../../src/robustness/corruptions/corrupt.js';
import { dirichlet } from '../../../src/training/data/mix.js';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import { train } from '../../../src/training/train.js';
import type { RgbImage } from '../../../src/vision/image.js';
import { moments } from '../../helpers/statistics.js';
import { tinyData, tinyModel } from '../../training/tiny.js';

const image: RgbImage = {
  width: 12,
  height: 10,
  data: Uint8Array.from({ length: 360 }, (_, i) => (i * 37) % 256),
};

test('mixes the image with chains of the operations, each by its share', () => {
  const white = () => ({ ...image, data: new Uint8Array(360).fill(255) });
  const mix = augMix({ operations: [white], alpha: 1 });
  const shares = Array.from({ length: 200 }, (_, seed) => {
    const { data } = mix(image, new Random(seed));
    const share = (data[0]! - image.data[0]!) / (255 - image.data[0]!);
    const differences = Array.from(data, (value, i) =>
      Math.abs(value - (image.data[i]! + share * (255 - image.data[i]!))),
    );
    expect(Math.max(...differences)).toBeLessThan(2);
    return share;
  });
  // Beta(1, 1) is even from 0 to 1.
  const { mean, deviation } = moments(shares);
  expect(mean).toBeCloseTo(0.5, 1);
  expect(deviation).toBeCloseTo(Math.sqrt(1 / 12), 1);
});

test('repeats by seed, keeps the picture, and takes corruptions as operations', () => {
  const before = image.data.slice();
  for (const mix of [
    augMix(),
    augMix({ severity: 10, width: 1, depth: 4, operations: [corruption('fog')] }),
  ]) {
    expect(mix(image, new Random(1))).toEqual(mix(image, new Random(1)));
    expect(mix(image, new Random(1))).not.toEqual(mix(image, new Random(2)));
  }
  expect(image.data).toEqual(before);
});

test.each([0.4, 1, 3])('shares are of the Dirichlet distribution of alpha %d', (alpha) => {
  const random = new Random(1);
  const draws = Array.from({ length: 4000 }, () => dirichlet(random, alpha, 3));
  draws.forEach((shares) => expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1));
  const { mean, deviation } = moments(draws.map(([first]) => first!));
  expect(mean).toBeCloseTo(1 / 3, 1);
  expect(deviation).toBeCloseTo(Math.sqrt(2 / 9 / (3 * alpha + 1)), 2);
});

test('the divergence is that of its formula', () => {
  const rows = [
    [1, 2, 0.5],
    [0.2, -1, 3],
    [2, 2, 2],
  ];
  const softmax = (row: number[]) => {
    const all = row.map(Math.exp);
    const sum = all.reduce((a, b) => a + b);
    return all.map((each) => each / sum);
  };
  const answers = rows.map(softmax);
  const mean = [0, 1, 2].map((c) => answers.reduce((sum, p) => sum + p[c]!, 0) / 3);
  const expected =
    answers.reduce((sum, p) => sum + p.reduce((kl, each, c) => kl + each * Math.log(each / mean[c]!), 0), 0) /
    3;
  const tensors = rows.map((row) => tf.tensor2d([row, row]));
  const found = jensenShannon(tensors);
  expect(found.dataSync()[0]).toBeCloseTo(expected, 5);
  tf.dispose([found, ...tensors]);
});

test('trains with its loss, in parts, and leaves no tensor', async () => {
  const model = tinyModel();
  const held = tf.memory().numTensors;
  const events = train(model, tinyData(12), {
    ...{ epochs: 2, batchSize: 6, microBatchSize: 3, schedule: constantSchedule(0.05) },
    objective: augMixConsistency({ severity: 2 }),
  });
  const losses = [];
  for await (const event of events) if (event.type === 'step') losses.push(event.loss);
  expect(losses.every((loss) => loss > 0 && loss < 50)).toBe(true);
  expect(tf.memory().numTensors).toBe(held);
  model.dispose();
});

test('says what is wrong with its options', () => {
  expect(() => augMix({ severity: 11 })).toThrow('severity is 11; give a number above 0 and at most 10.');
  expect(() => augMix({ width: 0 })).toThrow('width is 0; give an integer of at least 1.');
  expect(() => augMix({ operations: [] })).toThrow(
    'operations is an empty array; give an array of one or more',
  );
  expect(() => augMixConsistency({ weight: -1 })).toThrow('weight is -1');
  expect(() => augMixConsistency({ strength: 1 } as object)).toThrow('has no option strength');
});
