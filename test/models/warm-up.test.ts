import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { Conv2D, Dense, GlobalAvgPool, Sequential } from '../../src/layers/index.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { buildResNet } from '../../src/models/resnet.js';
import { warmUp } from '../../src/models/warm-up.js';

test.each([
  ['ResNet-20', () => buildResNet(20, { initialize: false })],
  [
    'a small EfficientNet without a head',
    () => buildEfficientNet({ width: 0.25, depth: 0.3, size: 32, dropout: 0 }, { includeTop: false }),
  ],
])('%s: every part is reported once, and no tensor stays', async (_, build) => {
  const model = build();
  const before = tf.memory().numTensors;
  const reports: [number, number][] = [];
  const { size } = model.preprocessing;
  await warmUp(model, { input: [2, size, size, 3], onProgress: (...report) => reports.push(report) });
  const blocks = model.stages.flat().length;
  // The stem, what is between, the pooling and dropout, and the head.
  const total = 1 + (model.pool ? 1 : 0) + blocks + (model.lastConv ? 1 : 0) + 2 + (model.head ? 1 : 0);
  expect(reports).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]));
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

test('a bad size is refused', async () => {
  const model = buildResNet(20, { initialize: false });
  await expect(warmUp(model, { input: [1, 0, 32, 3] })).rejects.toThrow(
    'warmUp: input, axis 1, is 0; give an integer of at least 1',
  );
  await expect(warmUp(model, { input: 224 as never })).rejects.toThrow(
    'warmUp: input is 224; give a shape such as [1, 224, 224, 3].',
  );
  model.dispose();
});

test('any module: as a whole, of several inputs and outputs', async () => {
  const seen: unknown[] = [];
  class Pair extends Module<{ a: tf.Tensor2D; b: tf.Tensor2D }, tf.Tensor[]> {
    override forward({ a, b }: { a: tf.Tensor2D; b: tf.Tensor2D }, context: Context): tf.Tensor[] {
      seen.push(context.training, a.shape, b.shape);
      return [tf.add(a, b), tf.neg(a)];
    }
  }
  const { numTensors } = tf.memory();
  const reports: number[][] = [];
  await warmUp(new Pair(), {
    input: { a: [1, 2], b: [3, 2] },
    onProgress: (...report) => reports.push(report),
  });
  expect(seen).toEqual([false, [1, 2], [3, 2]]);
  expect(reports).toEqual([[1, 1]]);
  await expect(warmUp(new Pair())).rejects.toThrow(
    'warmUp: input is undefined; give the shape of what Pair takes, such as [1, 224, 224, 3].',
  );
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('a Sequential: layer by layer, the later ones too', async () => {
  const net = new Sequential(
    new Conv2D({ inChannels: 3, filters: 2, kernelSize: 3 }),
    new GlobalAvgPool(),
    new Dense({ inFeatures: 2, units: 2 }),
  );
  const { numTensors } = tf.memory();
  const reports: number[] = [];
  await warmUp(net, { input: [1, 8, 8, 3], onProgress: (done) => reports.push(done) });
  expect(reports).toEqual([1, 2, 3]);
  await expect(warmUp(net, { input: [1, 8, 8, 4] })).rejects.toThrow();
  expect(tf.memory().numTensors).toBe(numTensors);
  net.dispose();
});
