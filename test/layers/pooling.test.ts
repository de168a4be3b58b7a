import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { AvgPool, GlobalAvgPool, MaxPool, type Padding } from '../../src/layers/index.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

afterEach(() => expect(tf.memory().numTensors).toBe(0));

const side = fc.integer({ min: 1, max: 7 });
const odd = fc.constantFrom(1, 3, 5);
const step = fc.integer({ min: 1, max: 3 });

describe.each([MaxPool, AvgPool])('%p', (Pool) => {
  test.each<Padding>(['same', 'symmetric'])('padding %p gives ceil(size / stride) pixels', (padding) => {
    fc.assert(
      fc.property(side, side, odd, step, (height, width, size, stride) => {
        const x: tf.Tensor4D = tf.zeros([1, height, width, 2]);
        const y = new Pool({ size, stride, padding }).forward(x);
        expect(y.shape).toEqual([1, Math.ceil(height / stride), Math.ceil(width / stride), 2]);
        tf.dispose([x, y]);
      }),
      { numRuns: 40 },
    );
  });

  test('the stride is the size unless given', () => {
    const x: tf.Tensor4D = tf.zeros([1, 7, 6, 1]);
    const y = new Pool({ size: 3 }).forward(x);
    expect(y.shape).toEqual([1, 2, 2, 1]);
    tf.dispose([x, y]);
  });

  test.each<[object, RegExp]>([
    [{ size: 0 }, /Pool: size is 0; give an integer of at least 1/],
    [{ size: 2, stride: 0 }, /Pool: stride is 0/],
    [{ size: 3, padding: 2 }, /Pool: padding 2 is more than half the window of 3; give less/],
    [
      { size: 3, padding: new Array(2).fill([0, 2]) },
      /\[\[0,2\],\[0,2\]\] is more than half the window of 3/,
    ],
    [{ size: 3, padding: 'full' }, /padding is "full"/],
  ])('refuses %j', (options, message) => {
    expect(() => new Pool(options as { size: number })).toThrow(message);
  });
});

test.each<Padding>(['same', 'symmetric'])(
  'a mean over pixels of the image alone keeps a constant (%p)',
  (padding) => {
    fc.assert(
      fc.property(side, side, odd, step, (height, width, size, stride) => {
        const x: tf.Tensor4D = tf.fill([1, height, width, 1], 3);
        const y = new AvgPool({ size, stride, padding, countPadding: false }).forward(x);
        const expected = tf.fill(y.shape, 3);
        expect(largestDifference(y, expected)).toBeLessThan(1e-5);
        tf.dispose([x, y, expected]);
      }),
      { numRuns: 40 },
    );
  },
);

test('padding never wins a maximum', () => {
  fc.assert(
    fc.property(side, side, odd, step, (height, width, size, stride) => {
      const x: tf.Tensor4D = tf.fill([1, height, width, 1], -3);
      const y = new MaxPool({ size, stride, padding: 'symmetric' }).forward(x);
      expect([...y.dataSync()].every((value) => value === -3)).toBe(true);
      tf.dispose([x, y]);
    }),
    { numRuns: 40 },
  );
});

test("AvgPool refuses to count TensorFlow's padding", () => {
  expect(() => new AvgPool({ size: 3, padding: 'same', countPadding: true })).toThrow(
    /'same'.*leave countPadding out/,
  );
  expect(new AvgPool({ size: 3, padding: 'same' }).countPadding).toBe(false);
  expect(new AvgPool({ size: 3, padding: 1 }).countPadding).toBe(true);
});

test('GlobalAvgPool of an image is its mean', () => {
  const x = randomTensor<tf.Rank.R4>([2, 3, 4, 5], 1);
  const y = new GlobalAvgPool().forward(x);
  const expected = tf.tidy(() => tf.mean(tf.reshape(x, [2, 12, 5]), 1));
  expect(largestDifference(y, expected)).toBeLessThan(1e-6);
  tf.dispose([x, y, expected]);
});

test('the gradient of GlobalAvgPool is that of a mean', () => {
  const x = randomTensor<tf.Rank.R4>([2, 3, 4, 5], 1);
  const weights = randomTensor<tf.Rank.R2>([2, 5], 2);
  const gradient = tf.grad((x) => tf.mul(new GlobalAvgPool().forward(x as tf.Tensor4D), weights))(x);
  const expected = tf.tidy(() =>
    tf.mul(tf.reshape(tf.div(weights, 12), [2, 1, 1, 5]), tf.ones([1, 3, 4, 1])),
  );
  expect(gradient.shape).toEqual([2, 3, 4, 5]);
  expect(largestDifference(gradient, expected)).toBeLessThan(1e-7);
  tf.dispose([x, weights, gradient, expected]);
});
