import * as tf from '@tensorflow/tfjs-core';
import { evaluation, type Context } from '../../src/core/context.js';
import { Random } from '../../src/core/random.js';
import {
  BatchNorm,
  Conv2D,
  Dense,
  ReLU,
  Sequential,
  SqueezeExcite,
  squeezeChannels,
  uniformFanIn,
} from '../../src/layers/index.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

const random = new Random(0);
const training: Context = { training: true, random };

afterEach(() => expect(tf.memory().numTensors).toBe(0));

describe('Sequential', () => {
  test.each([training, evaluation])('is its layers one after the other (training: $training)', (context) => {
    const conv = new Conv2D({ inChannels: 2, filters: 3, kernelSize: 3, random });
    const norm = new BatchNorm({ channels: 3, epsilon: 1e-5, momentum: 0.9, runningVariance: 'biased' });
    const relu = new ReLU();
    const sequence = new Sequential(conv, norm, relu);
    const x = randomTensor<tf.Rank.R4>([2, 5, 5, 2], 1);
    const expected = tf.tidy(() => relu.forward(norm.forward(conv.forward(x), context)));
    const before = tf.memory().numTensors;
    const y = sequence.forward(x, context);
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(largestDifference(y, expected)).toBe(0);
    expect(Array.from(sequence.namedVariables(), ({ name }) => name)).toEqual([
      'layers.0.weight',
      'layers.1.weight',
      'layers.1.bias',
      'layers.1.runningMean',
      'layers.1.runningVariance',
    ]);
    tf.dispose([x, y, expected]);
    sequence.dispose();
  });

  test('without layers gives a copy', () => {
    const x = randomTensor<tf.Rank.R4>([1, 2, 2, 1], 1);
    const y = new Sequential().forward(x, evaluation);
    x.dispose();
    expect(y.dataSync()).toHaveLength(4);
    y.dispose();
  });
});

describe('SqueezeExcite', () => {
  test.each([
    [32, 0.25, 8],
    [6, 0.25, 1],
    [3, 0.25, 1],
    [15, 0.5, 7],
  ])('of %d channels by %d squeezes to %d', (channels, ratio, expected) => {
    expect(squeezeChannels(channels, ratio)).toBe(expected);
  });

  test('weighs each channel by a number between 0 and 1', () => {
    const layer = new SqueezeExcite({ channels: 4, squeezeChannels: 2, random });
    const x = randomTensor<tf.Rank.R4>([2, 3, 3, 4], 2);
    const y = layer.forward(x);
    tf.tidy(() => {
      const weights = tf.div(y, x);
      const ofSample = tf.mean(weights, [1, 2], true);
      expect(largestDifference(weights, tf.broadcastTo(ofSample, x.shape))).toBeLessThan(1e-5);
      expect([...ofSample.dataSync()].every((w) => w > 0 && w < 1)).toBe(true);
    });
    expect(Array.from(layer.namedVariables(), ({ name }) => name)).toEqual([
      'reduce.weight',
      'reduce.bias',
      'expand.weight',
      'expand.bias',
    ]);
    tf.dispose([x, y]);
    layer.dispose();
  });

  test('refuses no squeezed channels', () => {
    expect(() => new SqueezeExcite({ channels: 4, squeezeChannels: 0, random })).toThrow(/filters is 0/);
  });
});

describe('Dense', () => {
  test('starts as its initialisers say', () => {
    const options = { inFeatures: 4, units: 3 };
    const plain = new Dense({ ...options, random });
    expect([...plain.bias.dataSync()]).toEqual([0, 0, 0]);
    const biased = new Dense({ ...options, biasInitializer: uniformFanIn, random: new Random(1) });
    const again = new Dense({ ...options, biasInitializer: uniformFanIn, random: new Random(1) });
    for (const { bias, weight } of [biased, again]) {
      expect(bias.dataSync()).toEqual(biased.bias.dataSync());
      expect(weight.dataSync()).toEqual(biased.weight.dataSync());
      for (const v of [...bias.dataSync(), ...weight.dataSync()])
        expect(Math.abs(v)).toBeLessThanOrEqual(0.5);
    }
    expect(biased.bias.dataSync().every((v) => v !== 0)).toBe(true);
    for (const layer of [plain, biased, again]) layer.dispose();
  });

  test('refuses bad sizes and other features', () => {
    expect(() => new Dense({ inFeatures: 0, units: 1, random })).toThrow(/Dense: inFeatures is 0/);
    expect(() => new Dense({ inFeatures: 1, units: 1.5, random })).toThrow(/Dense: units is 1.5/);
    const layer = new Dense({ inFeatures: 2, units: 1, random });
    const x: tf.Tensor2D = tf.ones([1, 3]);
    expect(() => layer.forward(x)).toThrow(/3.*2/);
    x.dispose();
    layer.dispose();
  });
});
