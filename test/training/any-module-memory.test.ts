import * as tf from '@tensorflow/tfjs-core';
import { evaluate } from '../../src/training/evaluate.js';
import { accuracy } from '../../src/training/measure.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { train } from '../../src/training/train.js';
import { predict } from '../../src/vision/predict.js';
import { withFailingKernels } from '../helpers/failing-kernels.js';
import {
  forkedBatch,
  forkedBatches,
  forkedLoss,
  ForkedNet,
  type ForkedOutput,
  type ForkedTarget,
} from '../helpers/forked-net.js';

const measures = {
  loss: forkedLoss,
  metrics: { hits: ([classes]: ForkedOutput, y: ForkedTarget) => accuracy(classes, y.classes) },
};

/** What is done with the network. */
const works: [string, (net: ForkedNet) => Promise<unknown>][] = [
  [
    'train, in parts, clipped, averaged and validated',
    async (net) => {
      const options = { ...measures, epochs: 1, microBatchSize: 3, clipNorm: 0.1, movingAverage: {} };
      const events = train(net, forkedBatches, {
        ...options,
        validation: forkedBatches,
        schedule: constantSchedule(0.1),
      });
      for await (const { type } of events) expect(type).toBeDefined();
    },
  ],
  ['evaluate', (net) => evaluate(net, forkedBatches, measures)],
  [
    'predict',
    async (net) => {
      const { x, y } = forkedBatch(0);
      try {
        tf.dispose(await predict(net, x, { batchSize: 4 }));
      } finally {
        tf.dispose([x.map, x.facts, y.classes, y.sizes]);
      }
    },
  ],
];

test.each(works)('out of memory anywhere leaves no tensor: %s', async (_, work) => {
  await tf.setBackend('simd');
  const net = new ForkedNet(1);
  const held = tf.memory().numTensors;
  await withFailingKernels('simd', async (calls) => {
    await work(net);
    const { count } = calls;
    expect(count).toBeGreaterThan(20);
    for (let failAt = 1; failAt <= count; failAt += Math.ceil(count / 25)) {
      Object.assign(calls, { count: 0, failAt });
      await expect(work(net)).rejects.toThrow('out of memory');
      expect([failAt, tf.memory().numTensors]).toEqual([failAt, held]);
    }
  });
  net.dispose();
  expect(tf.memory().numTensors).toBe(0);
});
