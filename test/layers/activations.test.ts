import * as tf from '@tensorflow/tfjs-core';
import { activation, swish, type ActivationName } from '../../src/layers/index.js';
import { buffersKept, randomTensor } from '../helpers/tensors.js';

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test.each<[ActivationName, number[]]>([
  ['relu', [0, 0, 0.5, 8]],
  ['relu6', [0, 0, 0.5, 6]],
  ['sigmoid', [1 / (1 + Math.exp(2)), 0.5, 1 / (1 + Math.exp(-0.5)), 1 / (1 + Math.exp(-8))]],
  ['swish', [-2 / (1 + Math.exp(2)), 0, 0.5 / (1 + Math.exp(-0.5)), 8 / (1 + Math.exp(-8))]],
])('%s by its name', (name, expected) => {
  const x = tf.tensor4d([-2, 0, 0.5, 8], [1, 1, 1, 4]);
  const y = activation(name).forward(x);
  [...y.dataSync()].forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
  tf.dispose([x, y]);
});

test('another name is refused', () => {
  expect(() => activation('gelu' as ActivationName)).toThrow(
    "activation is 'gelu'; give one of 'relu', 'relu6', 'sigmoid', 'swish'.",
  );
  expect(() => activation('constructor' as ActivationName)).toThrow(/activation is 'constructor'/);
});

test('swish keeps for its gradient no tensor but its output', () => {
  const x = randomTensor<tf.Rank.R2>([5, 5], 1);
  expect(buffersKept(swish, x)).toBe(1);
  // What the same costs when composed: the sigmoid too.
  expect(buffersKept((x) => tf.mul(x, tf.sigmoid(x)), x)).toBe(2);
  x.dispose();
});

test('swish takes any shape and stays finite', () => {
  const x = tf.tensor1d([-1e30, -200, 200, 1e30]);
  const y = swish(x);
  const gradient = tf.grad((x) => swish(x))(x);
  expect([...y.dataSync()].map((v) => v + 0)).toEqual([0, 0, 200, Math.fround(1e30)]);
  expect([...gradient.dataSync()].map((v) => v + 0)).toEqual([0, 0, 1, 1]);
  tf.dispose([x, y, gradient]);
});
