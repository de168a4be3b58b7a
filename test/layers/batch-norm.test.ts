import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { evaluation, type Context } from '../../src/core/context.js';
import { ArgumentError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { BatchNorm, type BatchNormOptions } from '../../src/layers/index.js';
import { swish } from '../../src/layers/swish.js';
import { buffersKept, largestDifference, randomTensor } from '../helpers/tensors.js';

const training: Context = { training: true, random: new Random(0) };
const options: BatchNormOptions = { channels: 3, epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' };

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test('in training every channel of the output has mean zero and variance one', () => {
  const side = fc.integer({ min: 1, max: 4 });
  const number = fc.integer({ min: -5, max: 5 });
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 8 }), side, side, number, fc.nat(), (n, h, w, shift, seed) => {
      const layer = new BatchNorm({ ...options, epsilon: 1e-12 });
      const x = tf.tidy(() => tf.add(randomTensor<tf.Rank.R4>([n, h, w, 3], seed), shift) as tf.Tensor4D);
      const y = layer.forward(x, training);
      tf.tidy(() => {
        const { mean, variance } = tf.moments(y, [0, 1, 2]);
        expect(largestDifference(mean, tf.zeros([3]))).toBeLessThan(1e-3);
        expect(largestDifference(variance, tf.ones([3]))).toBeLessThan(1e-2);
      });
      tf.dispose([x, y]);
      layer.dispose();
    }),
    { numRuns: 40 },
  );
});

test.each([
  ['unbiased', 4 / 3],
  ['biased', 1],
] as const)('moves the running statistics towards the batch, %s', (runningVariance, correction) => {
  const layer = new BatchNorm({ ...options, channels: 1, momentum: 0.75, runningVariance });
  const x = tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]); // mean 3, biased variance 3.5
  const y = layer.forward(x, training);
  expect(layer.runningMean.dataSync()[0]).toBeCloseTo(0.25 * 3, 6);
  expect(layer.runningVariance.dataSync()[0]).toBeCloseTo(0.75 + 0.25 * 3.5 * correction, 6);
  tf.dispose([x, y]);
  layer.dispose();
});

test('evaluation changes no statistic', () => {
  const layer = new BatchNorm(options);
  const x = randomTensor<tf.Rank.R4>([2, 3, 3, 3], 1);
  const y = layer.forward(x, evaluation);
  const expected = tf.tidy(() => tf.div(x, Math.sqrt(1 + 1e-5)));
  expect(largestDifference(y, expected)).toBeLessThan(1e-6);
  expect([...layer.runningMean.dataSync()]).toEqual([0, 0, 0]);
  expect([...layer.runningVariance.dataSync()]).toEqual([1, 1, 1]);
  tf.dispose([x, y, expected]);
  layer.dispose();
});

test('names its variables, of which the running ones do not train', () => {
  const layer = new BatchNorm({ ...options, zeroWeight: true });
  const named = [...layer.namedVariables()];
  expect(named.map(({ name, variable }) => [name, variable.trainable])).toEqual([
    ['weight', true],
    ['bias', true],
    ['runningMean', false],
    ['runningVariance', false],
  ]);
  expect([...layer.weight.dataSync()]).toEqual([0, 0, 0]);
  layer.dispose();
});

test('keeps for its gradient nothing of the size of x but its output', () => {
  const layer = new BatchNorm(options);
  const x = randomTensor<tf.Rank.R4>([2, 8, 8, 3], 2);
  // The output, and a mean and an inverse deviation of three numbers each.
  expect(buffersKept((x) => layer.forward(x as tf.Tensor4D, training), x)).toBe(3);
  x.dispose();
  layer.dispose();
});

test.each(['linear', 'relu', 'relu6', 'swish'] as const)(
  'forwardFused with %s leaves its result alone',
  (activation) => {
    const layer = new BatchNorm({ ...options, epsilon: 1e-3 });
    tf.tidy(() => layer.weight.assign(tf.tensor1d([9, 9, 9])));
    const x = randomTensor<tf.Rank.R4>([2, 3, 3, 3], 3);
    const f = { linear: tf.clone, relu: tf.relu, relu6: tf.relu6, swish }[activation];
    for (const context of [training, evaluation]) {
      const expected = tf.tidy(() => f(layer.forward(x, context)));
      const before = tf.memory().numTensors;
      const y = layer.forwardFused(x, context, activation);
      expect(tf.memory().numTensors).toBe(before + 1);
      expect(largestDifference(y, expected)).toBe(0);
      tf.dispose([y, expected]);
    }
    x.dispose();
    layer.dispose();
  },
);

test.each(['biased', 'unbiased'] as const)(
  '%s statistics of the kernel are those of the composition',
  async (runningVariance) => {
    const moved: Float32Array[][] = [];
    for (const backend of ['cpu', 'simd']) {
      await tf.setBackend(backend);
      const layer = new BatchNorm({ ...options, runningVariance });
      const x = randomTensor<tf.Rank.R4>([2, 3, 3, 3], 3);
      const clones = [layer.runningMean, layer.runningVariance].map((variable) => tf.clone(variable));
      const before = tf.memory().numTensors;
      for (let step = 0; step < 3; step++) layer.forward(x, training).dispose();
      layer.forward(x, { ...training, keepStatistics: true }).dispose();
      expect(tf.memory().numTensors).toBe(before);
      expect(clones.map((clone) => [...clone.dataSync()])).toEqual([
        [0, 0, 0],
        [1, 1, 1],
      ]);
      moved.push([layer.runningMean, layer.runningVariance].map((v) => v.dataSync<'float32'>()));
      tf.dispose([x, ...clones]);
      layer.dispose();
    }
    const [cpu, simd] = moved as [Float32Array[], Float32Array[]];
    cpu.forEach((values, i) =>
      values.forEach((value, c) => expect(Math.abs(simd[i]![c]! - value)).toBeLessThan(1e-6)),
    );
  },
);

test('refuses to train on one value a channel, and changes nothing then', () => {
  const layer = new BatchNorm(options);
  const x: tf.Tensor4D = tf.ones([1, 1, 1, 3]);
  expect(() => layer.forward(x, training)).toThrow(
    new ArgumentError(
      'BatchNorm got [1,1,1,3]: one value a channel has no variance; train with larger batches or images.',
    ),
  );
  expect([...layer.runningMean.dataSync()]).toEqual([0, 0, 0]);
  layer.forward(x, evaluation).dispose();
  x.dispose();
  layer.dispose();
});

test.each([training, evaluation])('refuses other channels (training: $training)', (context) => {
  const layer = new BatchNorm(options);
  const x: tf.Tensor4D = tf.ones([2, 2, 2, 6]);
  expect(() => layer.forward(x, context)).toThrow('BatchNorm got [2,2,2,6]; give 3 channels');
  x.dispose();
  layer.dispose();
});

test.each<[Partial<BatchNormOptions>, RegExp]>([
  [{ channels: 0 }, /channels is 0; give an integer of at least 1/],
  [{ epsilon: 0 }, /epsilon is 0; give a positive number/],
  [{ epsilon: NaN }, /epsilon is NaN/],
  [{ momentum: 1 }, /momentum is 1; give a number of at least 0 and below 1/],
  [{ momentum: -0.1 }, /momentum is -0.1/],
  [{ runningVariance: 'none' as 'biased' }, /runningVariance is 'none'; give one of 'unbiased', 'biased'/],
])('refuses %p', (wrong, message) => {
  expect(() => new BatchNorm({ ...options, ...wrong })).toThrow(message);
});
