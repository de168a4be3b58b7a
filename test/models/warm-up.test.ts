import * as tf from '@tensorflow/tfjs-core';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { buildResNet } from '../../src/models/resnet.js';
import { warmUp } from '../../src/models/warm-up.js';

test.each([
  ['ResNet-20', () => buildResNet(20, { initialize: false })],
  [
    'a small EfficientNet without a head',
    () => buildEfficientNet({ width: 0.25, depth: 0.3, resolution: 32, dropout: 0 }, { includeTop: false }),
  ],
])('%s: every part is reported once, and no tensor stays', async (_, build) => {
  const model = build();
  const before = tf.memory().numTensors;
  const reports: [number, number][] = [];
  await warmUp(model, { batchSize: 2, onProgress: (...report) => reports.push(report) });
  const blocks = model.stages.flat().length;
  const total = 1 + (model.pool ? 1 : 0) + blocks + (model.lastConv ? 1 : 0) + 1;
  expect(reports).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]));
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

test('a bad size is refused', async () => {
  const model = buildResNet(20, { initialize: false });
  await expect(warmUp(model, { size: 0 })).rejects.toThrow(
    'warmUp: size is 0; give an integer of at least 1',
  );
  model.dispose();
});
