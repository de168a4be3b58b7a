import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { tensorsOf } from '../../src/training/inputs.js';
import { accuracy } from '../../src/training/measure.js';
import { plainObjective } from '../../src/training/objective.js';
import { batchGradients, partSizes } from '../../src/training/step.js';
import { softmaxCrossEntropy } from '../../src/training/losses.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { train } from '../../src/training/train.js';
import { tinyData, tinyModel, SIZE } from './tiny.js';

test('a batch is parted evenly, and no image goes alone: 33 images by 16 are 11, 11 and 11', () => {
  expect(partSizes(33, 16)).toEqual([11, 11, 11]);
  expect(partSizes(32, 16)).toEqual([16, 16]);
  expect(partSizes(3, 2)).toEqual([3]);
  expect(partSizes(1, 16)).toEqual([1]);
  expect(partSizes(3, 1)).toEqual([1, 1, 1]);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 2, max: 300 }), (images, size) => {
      const sizes = partSizes(images, size);
      expect(sizes.reduce((a, b) => a + b)).toBe(images);
      expect(Math.min(...sizes)).toBeGreaterThan(1);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(size === 2 ? 3 : size);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test('parts of unequal size give the gradient of the whole', async () => {
  // Frozen batch norms do not see the batch.
  const model = tinyModel();
  model.freeze('stem', 'stages.0', 'stages.1');
  const data = tinyData(11);
  const images = await Promise.all(Array.from({ length: 11 }, (_, i) => data.image(i)));
  const { x, targets: y } = tensorsOf({ images, targets: data.labels }, model.preprocessing);
  const objective = plainObjective<tf.Tensor4D, tf.Tensor2D, tf.Tensor1D | tf.Tensor2D>();
  const common = {
    objective,
    loss: softmaxCrossEntropy,
    metrics: { accuracy },
    recompute: false,
    seed: 0,
    step: 0,
  };
  const results = [];
  for (const microBatchSize of [11, 4, 2, 1]) {
    const batch = { x, y, examples: 11 };
    const { gradients, loss, metrics } = await batchGradients(model, ['head.weight', 'head.bias'], batch, {
      ...common,
      microBatchSize,
    });
    results.push({ values: gradients.flatMap((g) => [...g.dataSync()]), loss, right: metrics['accuracy']! });
    tf.dispose(gradients);
  }
  const [whole, ...parted] = results as [(typeof results)[0], ...typeof results];
  expect(Math.max(...whole.values.map(Math.abs))).toBeGreaterThan(0.01);
  for (const { values, loss, right } of parted) {
    expect(loss).toBeCloseTo(whole.loss, 5);
    expect(right).toBeCloseTo(whole.right, 6);
    values.forEach((value, i) => expect(value).toBeCloseTo(whole.values[i]!, 5));
  }
  tf.dispose([x, y]);
  model.dispose();
});

describe('where maps are 1 x 1', () => {
  async function stepsOf(batchSize: number, microBatchSize: number): Promise<number> {
    const model = buildEfficientNet(0, { classes: 3, seed: 1 });
    let steps = 0;
    try {
      const options = { epochs: 1, batchSize, microBatchSize, size: 32, schedule: constantSchedule(0.01) };
      for await (const { type } of train(model, tinyData(9), options)) if (type === 'step') steps++;
      return steps;
    } finally {
      model.dispose();
      expect(tf.memory().numTensors).toBe(0);
    }
  }

  test('a batch of 9 in parts of 4 and of 2 trains', async () => {
    expect(SIZE).toBeLessThan(32);
    expect(await stepsOf(9, 4)).toBe(1);
    expect(await stepsOf(9, 2)).toBe(1);
  });

  test('a batch or a part of one image is refused, as batch norm has one value', async () => {
    const message = 'one value a channel has no variance; train with larger batches or images';
    await expect(stepsOf(9, 1)).rejects.toThrow(message);
    await expect(stepsOf(1, 1)).rejects.toThrow(message);
  });
});
