import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { ArgumentError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import {
  Conv2D,
  DepthwiseConv2D,
  ZeroPadding,
  type FusedActivation,
  type Padding,
} from '../../src/layers/index.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

interface Options {
  kernelSize: number;
  stride?: number;
  dilation?: number;
  padding?: Padding;
  bias?: boolean;
}

const random = new Random(0);

/** Both convolutions of two channels, so that one table tests them. */
const layers = {
  Conv2D: (options: Options) => new Conv2D({ inChannels: 2, filters: 2, random, ...options }),
  DepthwiseConv2D: (options: Options) => new DepthwiseConv2D({ channels: 2, random, ...options }),
};

afterEach(() => expect(tf.memory().numTensors).toBe(0));

describe.each(Object.entries(layers))('%s', (name, build) => {
  test.each<Padding>(['same', 'symmetric'])(
    'padding %p of an odd kernel gives ceil(size / stride) pixels, whatever the dilation',
    (padding) => {
      const size = fc.integer({ min: 1, max: 9 });
      const kernel = fc.constantFrom(1, 3, 5);
      const step = fc.integer({ min: 1, max: 3 });
      fc.assert(
        fc.property(size, size, kernel, step, step, (height, width, kernelSize, stride, dilation) => {
          const layer = build({ kernelSize, stride, dilation, padding });
          const x: tf.Tensor4D = tf.zeros([1, height, width, 2]);
          const y = layer.forward(x);
          expect(y.shape).toEqual([1, Math.ceil(height / stride), Math.ceil(width / stride), 2]);
          tf.dispose([x, y]);
          layer.dispose();
        }),
        { numRuns: 40 },
      );
    },
  );

  test("dilation is tfjs's own", () => {
    const kernel = fc.integer({ min: 1, max: 3 });
    const padding = fc.constantFrom('same' as const, 'valid' as const, 1);
    fc.assert(
      fc.property(kernel, fc.integer({ min: 1, max: 3 }), padding, (kernelSize, dilation, padding) => {
        const layer = build({ kernelSize, dilation, padding });
        const x = randomTensor<tf.Rank.R4>([1, 8, 9, 2], 1);
        const y = layer.forward(x);
        const convolve = name === 'Conv2D' ? tf.conv2d : tf.depthwiseConv2d;
        const expected = convolve(x, layer.weight as tf.Tensor4D, 1, padding, 'NHWC', dilation);
        expect(largestDifference(y, expected)).toBeLessThan(1e-5);
        tf.dispose([x, y, expected]);
        layer.dispose();
      }),
      { numRuns: 30 },
    );
  });

  test('padding in pixels is ZeroPadding and no padding after', () => {
    const pixels = fc.integer({ min: 0, max: 3 });
    const pair = fc.tuple(pixels, pixels);
    fc.assert(
      fc.property(
        fc.oneof(pixels, fc.tuple(pair, pair)),
        fc.integer({ min: 1, max: 2 }),
        (padding, stride) => {
          const layer = build({ kernelSize: 3, stride, padding, bias: true });
          const bare = build({ kernelSize: 3, stride, bias: true });
          bare.weight.assign(layer.weight as tf.Tensor4D);
          const x = randomTensor<tf.Rank.R4>([2, 4, 5, 2], 2);
          const y = layer.forward(x);
          const padded = new ZeroPadding(padding).forward(x);
          const expected = bare.forward(padded);
          expect(largestDifference(y, expected)).toBeLessThan(1e-6);
          tf.dispose([x, y, padded, expected]);
          layer.dispose();
          bare.dispose();
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each<[FusedActivation, (x: tf.Tensor) => tf.Tensor]>([
    ['linear', (x) => tf.clone(x)],
    ['relu', tf.relu],
    ['relu6', tf.relu6],
    ['sigmoid', tf.sigmoid],
    ['swish', (x) => tf.mul(x, tf.sigmoid(x))],
  ])('forwardFused with %s is the convolution and then the activation', (activation, f) => {
    for (const bias of [false, true]) {
      const layer = build({ kernelSize: 3, padding: 2, bias });
      tf.tidy(() => layer.bias?.assign(tf.tensor1d([0.3, -0.2])));
      const x = randomTensor<tf.Rank.R4>([2, 4, 5, 2], 3);
      const before = tf.memory().numTensors;
      const y = layer.forwardFused(x, activation);
      expect(tf.memory().numTensors).toBe(before + 1);
      const expected = tf.tidy(() => f(layer.forward(x)));
      expect(largestDifference(y, expected)).toBeLessThan(1e-6);
      tf.dispose([x, y, expected]);
      layer.dispose();
    }
  });

  test('the bias is absent unless asked for, and starts at zero', () => {
    const [without, withBias] = [build({ kernelSize: 1 }), build({ kernelSize: 1, bias: true })];
    expect(Array.from(without.namedVariables(), ({ name }) => name)).toEqual(['weight']);
    expect(Array.from(withBias.namedVariables(), ({ name }) => name)).toEqual(['weight', 'bias']);
    expect([...withBias.bias!.dataSync()]).toEqual([0, 0]);
    without.dispose();
    withBias.dispose();
  });

  test.each<[keyof Options, unknown]>([
    ['kernelSize', 0],
    ['kernelSize', 2.5],
    ['stride', 0],
    ['dilation', -1],
  ])('refuses a %s of %p', (option, value) => {
    expect(() => build({ kernelSize: 3, [option]: value })).toThrow(
      new ArgumentError(`${name}: ${option} is ${String(value)}; give an integer of at least 1.`),
    );
  });

  test.each([
    -1,
    0.5,
    'full',
    [
      [1, 1],
      [0, -1],
    ],
  ])('refuses the padding %j', (padding) => {
    expect(() => build({ kernelSize: 3, padding: padding as Padding })).toThrow(
      `The padding is ${JSON.stringify(padding)}; give 'valid', 'same', 'symmetric', a number of pixels or`,
    );
  });

  test('refuses an image of other channels, and leaves nothing behind', () => {
    const layer = build({ kernelSize: 3 });
    const x: tf.Tensor4D = tf.zeros([1, 4, 4, 3]);
    expect(() => layer.forward(x)).toThrow(/3.*2/);
    expect(tf.memory().numTensors).toBe(2);
    x.dispose();
    layer.dispose();
  });
});

test('refuses no channels', () => {
  expect(() => new Conv2D({ inChannels: 0, filters: 1, kernelSize: 1, random })).toThrow(/inChannels is 0/);
  expect(() => new Conv2D({ inChannels: 1, filters: 0, kernelSize: 1, random })).toThrow(/filters is 0/);
  expect(() => new DepthwiseConv2D({ channels: 0, kernelSize: 1, random })).toThrow(/channels is 0/);
});

describe('Conv2D of groups', () => {
  test.each<[FusedActivation, (x: tf.Tensor) => tf.Tensor]>([
    ['linear', (x) => tf.clone(x)],
    ['relu6', tf.relu6],
    ['swish', (x) => tf.mul(x, tf.sigmoid(x))],
  ])('is each group convolved for itself, then %s', (activation, f) => {
    const layer = new Conv2D({
      ...{ inChannels: 6, filters: 4, groups: 2 },
      kernelSize: 3,
      bias: true,
      random,
    });
    tf.tidy(() => layer.bias!.assign(tf.tensor1d([0.3, -0.2, 9, 1])));
    const x = randomTensor<tf.Rank.R4>([2, 4, 5, 6], 3);
    const before = tf.memory().numTensors;
    const y = layer.forwardFused(x, activation);
    expect(tf.memory().numTensors).toBe(before + 1);
    const expected = tf.tidy(() => {
      const halves = [0, 1].map((i) =>
        tf.conv2d(
          tf.slice(x, [0, 0, 0, 3 * i], [2, 4, 5, 3]),
          tf.slice(layer.weight, [0, 0, 0, 2 * i], [3, 3, 3, 2]) as tf.Tensor4D,
          1,
          'valid',
        ),
      );
      return f(tf.add(tf.concat(halves, 3), layer.bias!));
    });
    expect(largestDifference(y, expected)).toBeLessThan(5e-6);
    tf.dispose([x, y, expected]);
    layer.dispose();
  });

  test('refuses an image of other channels, and leaves nothing behind', () => {
    const layer = new Conv2D({ inChannels: 6, filters: 4, groups: 2, kernelSize: 3, random });
    const x: tf.Tensor4D = tf.zeros([1, 4, 4, 4]);
    expect(() => layer.forward(x)).toThrow(
      new ArgumentError('Conv2D got [1,4,4,4]; give 6 channels, the last axis of four.'),
    );
    expect(tf.memory().numTensors).toBe(2);
    x.dispose();
    layer.dispose();
  });
});

test('refuses groups that do not divide the channels', () => {
  const options = { inChannels: 6, filters: 4, kernelSize: 1, random };
  expect(() => new Conv2D({ ...options, groups: 3 })).toThrow(
    new ArgumentError(
      'Conv2D: groups is 3 with inChannels 6 and filters 4; give a number that divides both.',
    ),
  );
  expect(() => new Conv2D({ ...options, groups: 0 })).toThrow('groups is 0; give an integer of at least 1.');
});

test('the initializer gets the number of values and the fans', () => {
  const initializer = jest.fn((_random: Random, { count }: { count: number }) => new Float32Array(count));
  new Conv2D({ inChannels: 2, filters: 5, kernelSize: 3, initializer, random }).dispose();
  expect(initializer).toHaveBeenLastCalledWith(random, { count: 90, fanIn: 18, fanOut: 45 });
  // As torch.nn.init._calculate_fan_in_and_fan_out of a kernel [6, 2, 3, 3].
  new Conv2D({ inChannels: 4, filters: 6, groups: 2, kernelSize: 3, initializer, random }).dispose();
  expect(initializer).toHaveBeenLastCalledWith(random, { count: 108, fanIn: 18, fanOut: 54 });
  const depthwise = { channels: 4, kernelSize: 3, initializer, random };
  new DepthwiseConv2D(depthwise).dispose();
  expect(initializer).toHaveBeenLastCalledWith(random, { count: 36, fanIn: 9, fanOut: 9 });
  new DepthwiseConv2D({ ...depthwise, fanOut: 'layer' }).dispose();
  expect(initializer).toHaveBeenLastCalledWith(random, { count: 36, fanIn: 9, fanOut: 36 });
  expect(() => new DepthwiseConv2D({ ...depthwise, fanOut: 'all' as 'layer' })).toThrow(
    "DepthwiseConv2D: fanOut is 'all'; give one of 'channel', 'layer'.",
  );
});
