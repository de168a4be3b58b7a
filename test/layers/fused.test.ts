import * as tf from '@tensorflow/tfjs-core';
import '../../src/backends/simd/index.js';
import { evaluation, type Context } from '../../src/core/context.js';
import { Random } from '../../src/core/random.js';
import { addRelu } from '../../src/layers/add.js';
import { BatchNorm, Conv2D, SqueezeExcite } from '../../src/layers/index.js';
import { swish } from '../../src/layers/swish.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

/** Checks that two functions have the same value and the same gradients, and leave nothing else behind. */
function expectSame(f: (...xs: tf.Tensor[]) => tf.Tensor, g: typeof f, xs: tf.Tensor[]): void {
  const before = tf.memory().numTensors;
  const dy = randomTensor<tf.Rank.R4>([2, 4, 5, 3], 9);
  const [a, b] = [f, g].map((f) => {
    const { value, grads } = tf.valueAndGrads(f)(xs, dy);
    const withoutGradient = f(...xs);
    expect(largestDifference(withoutGradient, value)).toBeLessThan(2e-6);
    withoutGradient.dispose();
    return [value, ...grads];
  });
  a!.forEach((tensor, i) => expect(largestDifference(tensor, b![i]!)).toBeLessThan(2e-5));
  tf.dispose([a, b, dy]);
  expect(tf.memory().numTensors).toBe(before);
}

const image = (channels: number, seed: number) => randomTensor<tf.Rank.R4>([2, 4, 5, channels], seed);

/** What a backend may compute in one operation is what the operations give that it stands for. */
describe.each(['cpu', 'simd'])('on the backend %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));
  afterEach(() => expect(tf.memory().numTensors).toBe(0));

  test('addRelu is relu(a + b)', () => {
    const xs = [image(3, 1), image(3, 2)];
    expectSame(
      (a, b) => addRelu(a as tf.Tensor4D, b as tf.Tensor4D),
      (a, b) => tf.tidy(() => tf.relu(tf.add(a!, b!))),
      xs,
    );
    tf.dispose(xs);
  });

  test.each([
    ['linear', false, 1],
    ['linear', true, 1],
    ['relu', false, 1],
    ['relu', true, 1],
    ['relu', true, 2],
  ] as const)('forwardAdded of a convolution: %s, bias %p, dilation %d', (then, bias, dilation) => {
    const options = { inChannels: 2, filters: 3, kernelSize: 3, padding: 'symmetric' as const };
    const conv = new Conv2D({ ...options, bias, dilation, random: new Random(1) });
    tf.tidy(() => conv.bias?.assign(tf.tensor1d([0.5, 0, -0.5])));
    const xs = [image(2, 3), image(3, 4), ...conv.variables()];
    expectSame(
      (x, shortcut) => conv.forwardAdded(x as tf.Tensor4D, shortcut as tf.Tensor4D, then),
      (x, shortcut) =>
        tf.tidy(() => {
          const sum = tf.add(conv.forward(x as tf.Tensor4D), shortcut!);
          return then === 'relu' ? tf.relu(sum) : sum;
        }),
      xs,
    );
    tf.dispose(xs);
  });

  const training: Context = { training: true, random: new Random(0) };

  function batchNorm(): BatchNorm {
    const options = { channels: 3, epsilon: 1e-3, momentum: 0.9, runningVariance: 'biased' } as const;
    const norm = new BatchNorm(options);
    tf.tidy(() => norm.weight.assign(tf.tensor1d([9, -4, 0.5]))); // Some outputs exceed 6.
    tf.tidy(() => norm.bias.assign(tf.tensor1d([1, 0, -0.1])));
    return norm;
  }

  const activations = { linear: tf.clone, relu: tf.relu, relu6: tf.relu6, swish } as const;

  test.each(['linear', 'relu', 'relu6', 'swish'] as const)('a batch norm and %s', (activation) => {
    const norm = batchNorm();
    const f = activations[activation] as (x: tf.Tensor4D) => tf.Tensor4D;
    for (const context of [training, evaluation]) {
      const xs = [image(3, 5), norm.weight, norm.bias];
      expectSame(
        (x) => norm.forwardFused(x as tf.Tensor4D, context, activation),
        (x) => tf.tidy(() => f(norm.forward(x as tf.Tensor4D, context))),
        xs,
      );
      xs[0]!.dispose();
    }
    norm.dispose();
  });

  test.each(['linear', 'relu', 'relu6'] as const)('a batch norm, a shortcut and %s', (activation) => {
    const norm = batchNorm();
    const f = activations[activation] as (x: tf.Tensor4D) => tf.Tensor4D;
    for (const context of [training, evaluation]) {
      const xs = [image(3, 5), image(3, 6), norm.weight, norm.bias];
      expectSame(
        (x, shortcut) => norm.forwardFused(x as tf.Tensor4D, context, activation, shortcut as tf.Tensor4D),
        (x, shortcut) => tf.tidy(() => f(tf.add(norm.forward(x as tf.Tensor4D, context), shortcut!))),
        xs,
      );
      tf.dispose(xs.slice(0, 2));
    }
    norm.dispose();
  });

  test.each(['relu', 'relu6', 'sigmoid', 'swish'] as const)('squeeze-excitation with %s', (activation) => {
    const layer = new SqueezeExcite({ channels: 3, squeezeChannels: 5, activation, random: new Random(1) });
    tf.tidy(() => layer.reduce.bias!.assign(tf.tensor1d([0.5, -0.5, 0, 3, 9])));
    const f = { ...activations, sigmoid: tf.sigmoid }[activation] as (x: tf.Tensor4D) => tf.Tensor4D;
    const xs = [image(3, 7), ...layer.variables()];
    expectSame(
      (x) => layer.forward(x as tf.Tensor4D),
      (x, reduceWeight, reduceBias, expandWeight, expandBias) =>
        tf.tidy(() => {
          const mean = tf.mean(x as tf.Tensor4D, [1, 2], true) as tf.Tensor4D;
          const reduced = tf.add(tf.conv2d(mean, reduceWeight as tf.Tensor4D, 1, 'valid'), reduceBias!);
          const expanded = tf.conv2d(f(reduced as tf.Tensor4D), expandWeight as tf.Tensor4D, 1, 'valid');
          return tf.mul(x!, tf.sigmoid(tf.add(expanded, expandBias!)));
        }),
      xs,
    );
    tf.dispose(xs);
  });
});
