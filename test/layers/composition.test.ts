import * as tf from '@tensorflow/tfjs-core';
import { evaluation, type Context } from '../../src/core/context.js';
import { MBConv, ResidualBlock } from '../../src/blocks/index.js';
import { seeded } from '../../src/core/build.js';
import { Module } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import {
  BatchNorm,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAvgPool,
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

describe('the types of Sequential', () => {
  const conv = () => new Conv2D({ inChannels: 1, filters: 2, kernelSize: 1 });
  const dense = () => new Dense({ inFeatures: 2, units: 3 });

  test('follow from one layer to the next', () => {
    const net = new Sequential(
      conv(),
      new ReLU(),
      new GlobalAvgPool(),
      new Dropout(0.5),
      dense(),
      new ReLU(),
    );
    const logits: tf.Tensor2D = tf.tidy(() => net.forward(tf.ones([1, 2, 2, 1]), evaluation));
    expect(logits.shape).toEqual([1, 3]);
    const rows: Module<tf.Tensor4D, tf.Tensor2D> = new Sequential(net.layers[0], new Flatten());
    const flat = tf.tidy(() => rows.forward(tf.ones([2, 3, 2, 1]), evaluation));
    expect(flat.shape).toEqual([2, 12]);
    // The first layer that is not for every tensor says what is taken.
    const row = tf.tidy(() => new Sequential(new ReLU(), net.layers[4]).forward(tf.ones([4, 2]), evaluation));
    expect(row.shape).toEqual([4, 3]);
    const many = new Sequential(...[conv(), conv()]);
    expect(many.layers).toHaveLength(2);
    tf.dispose([logits, flat, row]);
    net.dispose();
    many.dispose();
  });

  test('make a wrong order an error of the compiler', () => {
    const layers = [conv(), dense()] as const;
    // @ts-expect-error A dense layer takes rows, and a convolution gives images.
    expect(new Sequential(layers[0], layers[1]).layers).toHaveLength(2);
    // @ts-expect-error What is pooled is no image.
    expect(new Sequential(new GlobalAvgPool(), layers[0]).layers).toHaveLength(2);
    // @ts-expect-error Activations and dropout do not hide it.
    expect(new Sequential(layers[1], new ReLU(), new Dropout(0.5), layers[0]).layers).toHaveLength(4);
    // @ts-expect-error A network of rows takes no image.
    const taken: (x: tf.Tensor4D) => unknown = (x) => new Sequential(layers[1]).forward(x, evaluation);
    expect(taken).toBeDefined();
    layers.forEach((layer) => layer.dispose());
  });

  test('take layers of several inputs and outputs', () => {
    class Split extends Module<tf.Tensor2D, [tf.Tensor2D, tf.Tensor2D]> {
      override forward(x: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] {
        return [tf.neg(x), tf.square(x)];
      }
    }
    class Join extends Module<[tf.Tensor2D, tf.Tensor2D], { sum: tf.Tensor2D }> {
      override forward([a, b]: [tf.Tensor2D, tf.Tensor2D]): { sum: tf.Tensor2D } {
        return { sum: tf.add(a, b) };
      }
    }
    const x = tf.tensor2d([[3]]);
    const { numTensors } = tf.memory();
    const { sum } = new Sequential(new Split(), new Join()).forward(x, evaluation);
    expect(tf.memory().numTensors).toBe(numTensors + 1);
    expect(sum.dataSync()[0]).toBe(6);
    tf.dispose([x, sum]);
  });
});

test('layers that are given no random start with values of the seed, each with others', () => {
  const values = (seed: number) => {
    const net = seeded(
      seed,
      () =>
        new Sequential(
          new Conv2D({ inChannels: 2, filters: 2, kernelSize: 3 }),
          new Conv2D({ inChannels: 2, filters: 2, kernelSize: 3 }),
          new DepthwiseConv2D({ channels: 2, kernelSize: 3 }),
          new ResidualBlock({ kind: 'basic', inChannels: 2, channels: 2 }),
          new MBConv({ inChannels: 2, outChannels: 2, kernelSize: 3, expandRatio: 2 }),
          new GlobalAvgPool(),
          new Dense({ inFeatures: 2, units: 2 }),
        ),
    );
    const kernels = net.variables().filter(({ rank }) => rank > 1);
    const values = kernels.map((kernel) => Array.from(kernel.dataSync()));
    net.dispose();
    return values;
  };
  const first = values(3);
  expect(new Set(first.map(([value]) => value)).size).toBe(first.length);
  expect(values(3)).toEqual(first);
  expect(values(4)).not.toEqual(first);
});

test("the blocks' default convention is torchvision's, and a batch norm's PyTorch's", () => {
  const block = new ResidualBlock({ kind: 'basic', inChannels: 1, channels: 1 });
  const { norm, conv } = block.conv1;
  expect(norm).toMatchObject({ epsilon: 1e-5, momentum: 0.9, unbiased: true });
  expect(conv.bias).toBeUndefined();
  expect(conv.padding).toBe(1);
  const bare = new BatchNorm({ channels: 1 });
  expect(bare).toMatchObject({ epsilon: 1e-5, momentum: 0.9, unbiased: true });
  block.dispose();
  bare.dispose();
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
    expect(() => new SqueezeExcite({ channels: 4, squeezeChannels: 0, random })).toThrow(
      /squeezeChannels is 0/,
    );
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
