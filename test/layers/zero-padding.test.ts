import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { ZeroPadding } from '../../src/layers/index.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

test('keeps the image where it should stand and adds only zeros', () => {
  const pixels = fc.integer({ min: 0, max: 4 });
  fc.assert(
    fc.property(pixels, pixels, pixels, pixels, fc.nat(), (top, bottom, left, right, seed) => {
      const x = randomTensor<tf.Rank.R4>([2, 3, 4, 2], seed);
      const layer = new ZeroPadding([
        [top, bottom],
        [left, right],
      ]);
      const y = layer.forward(x);
      expect(y.shape).toEqual([2, 3 + top + bottom, 4 + left + right, 2]);
      tf.tidy(() => {
        expect(largestDifference(tf.slice(y, [0, top, left, 0], [2, 3, 4, 2]), x)).toBe(0);
        expect(largestDifference(tf.sum(tf.abs(y)), tf.sum(tf.abs(x)))).toBeLessThan(1e-5);
      });
      tf.dispose([x, y]);
    }),
    { numRuns: 50 },
  );
  expect(tf.memory().numTensors).toBe(0);
});

test('one number pads every side', () => {
  const x = randomTensor<tf.Rank.R4>([1, 2, 2, 1], 1);
  const sides = [2, 2] as const;
  const y = new ZeroPadding(2).forward(x);
  const expected = new ZeroPadding([sides, sides]).forward(x);
  expect(largestDifference(y, expected)).toBe(0);
  tf.dispose([x, y, expected]);
});

test.each([-1, 1.5, 'same'])('refuses %p', (padding) => {
  expect(() => new ZeroPadding(padding as number)).toThrow(`The padding is ${JSON.stringify(padding)}; give`);
});
