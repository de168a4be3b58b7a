import * as tf from '@tensorflow/tfjs-core';
import { BatchNorm } from '../../../src/layers/batch-norm.js';
import { MovingAverage } from '../../../src/training/optim/moving-average.js';

function batchNorm(): BatchNorm {
  return new BatchNorm({ channels: 2, epsilon: 1e-5, momentum: 0.9, runningVariance: 'biased' });
}

function set(variable: tf.Variable, values: number[]): void {
  tf.tidy(() => variable.assign(tf.tensor1d(values)));
}

test('averages parameters and statistics, without and with warm-up', () => {
  const model = batchNorm();
  const plain = new MovingAverage(model.namedVariables(), { decay: 0.75, warmUp: false });
  const warm = new MovingAverage(model.namedVariables(), { decay: 0.75 });
  set(model.weight, [5, 9]);
  set(model.runningMean, [4, 8]);
  for (const average of [plain, warm]) {
    average.update();
    average.update();
  }
  // 1 + 4 * (1 - 0.75^2); warm-up keeps 2/11, then 3/12.
  const state = (average: MovingAverage) =>
    Object.fromEntries(Array.from(average.namedState(), ([name, v]) => [name, Array.from(v.dataSync())]));
  expect(state(plain)).toEqual({
    weight: [2.75, 4.5],
    bias: [0, 0],
    runningMean: [1.75, 3.5],
    runningVariance: [1, 1],
  });
  expect(state(warm)['weight']![0]).toBeCloseTo(1 + 4 * (1 - (2 / 11) * (3 / 12)), 6);
  for (const each of [plain, warm, model]) each.dispose();
});

test('the model has the averages while something runs, and its own values after, whatever happens', async () => {
  const before = tf.memory().numTensors;
  const model = batchNorm();
  const average = new MovingAverage(model.namedVariables());
  set(model.weight, [3, 3]);
  const held = tf.memory().numTensors;
  const buffers = tf.memory().numDataBuffers;
  const seen = await average.during(async () => model.weight.dataSync());
  expect(seen).toEqual(new Float32Array([1, 1]));
  expect(model.weight.dataSync()).toEqual(new Float32Array([3, 3]));
  await expect(average.during(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(model.weight.dataSync()).toEqual(new Float32Array([3, 3]));
  expect(tf.memory().numTensors).toBe(held);
  expect(tf.memory().numDataBuffers).toBe(buffers);
  average.dispose();
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('a decay out of range is refused', () => {
  expect(() => new MovingAverage([], { decay: 1 })).toThrow(
    'decay is 1; give a number of at least 0 and below 1.',
  );
});
