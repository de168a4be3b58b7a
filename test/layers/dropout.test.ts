import * as tf from '@tensorflow/tfjs-core';
import { evaluation, type Context } from '../../src/core/context.js';
import { ArgumentError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { Dropout, StochasticDepth } from '../../src/layers/index.js';
import { largestDifference } from '../helpers/tensors.js';

const training = (seed: number): Context => ({ training: true, random: new Random(seed) });

let x: tf.Tensor4D;
beforeEach(() => {
  x = tf.ones([2000, 2, 3, 2]);
});
afterEach(() => {
  x.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

/** Both layers with what they drop at once: a value, or the 12 of a sample. */
describe.each([
  ['Dropout', (rate: number) => new Dropout(rate), 1],
  ['StochasticDepth', (rate: number) => new StochasticDepth(rate), 12],
] as const)('%s', (name, build, together) => {
  test.each([0.2, 0.5, 0.9])('drops at the rate %p and scales what is left', (rate) => {
    const y = build(rate).forward(x, training(1));
    const values = y.dataSync();
    const groups = Array.from({ length: values.length / together }, (_, i) =>
      values.slice(i * together, (i + 1) * together),
    );
    expect(groups.every((group) => group.every((value) => value === group[0]))).toBe(true);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    const dropped = groups.filter((group) => group[0] === 0).length / groups.length;
    // Four standard deviations.
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / groups.length));
    y.dispose();
  });

  test('a seed repeats what is dropped, and a stream goes on', () => {
    const layer = build(0.5);
    const context = training(7);
    const [first, second] = [layer.forward(x, context), layer.forward(x, context)];
    const [again, other] = [layer.forward(x, training(7)), layer.forward(x, training(8))];
    expect(largestDifference(first, again)).toBe(0);
    expect(largestDifference(first, second)).toBe(2);
    expect(largestDifference(first, other)).toBe(2);
    tf.dispose([first, second, again, other]);
  });

  test('the gradient passes where the values did', () => {
    const layer = build(0.25);
    const { value, grad } = tf.valueAndGrad((x) => layer.forward(x as tf.Tensor4D, training(2)))(x);
    expect(largestDifference(grad, value)).toBe(0);
    tf.dispose([value, grad]);
  });

  test.each<[string, number, Context]>([
    ['in evaluation', 0.5, evaluation],
    ['at the rate 0', 0, training(3)],
  ])('%s gives a copy', (_, rate, context) => {
    const before = tf.memory().numTensors;
    const y = build(rate).forward(x, context);
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(y).not.toBe(x);
    expect(largestDifference(y, x)).toBe(0);
    y.dispose();
  });

  test.each([1, -0.5, NaN])('refuses the rate %p', (rate) => {
    expect(() => build(rate)).toThrow(
      new ArgumentError(`${name}: rate is ${rate}; give a number of at least 0 and below 1.`),
    );
  });
});
