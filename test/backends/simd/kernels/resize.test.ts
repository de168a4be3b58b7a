import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expectAsCpu, mixedSums, uniform } from '../compare.js';

const side = fc.integer({ min: 1, max: 13 });
const corners = fc.constantFrom(
  { align: false, half: false },
  { align: true, half: false },
  { align: false, half: true },
);

test('bilinear, of any sizes, with corners aligned, with half-pixel centres, and with neither', async () => {
  const cases = fc.record({
    shape: fc.tuple(fc.integer({ min: 1, max: 3 }), side, side, fc.constantFrom(1, 3, 4, 5, 8, 11)),
    size: fc.tuple(side, side),
    corners,
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ shape, size, corners: { align, half }, seed }) => {
      // A difference of float32 and float64 in where a place lies, times the difference of two neighbours.
      await expectAsCpu(
        [uniform(shape, seed)],
        (x) => tf.image.resizeBilinear(x, size, align, half),
        mixedSums(32),
      );
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('of nothing', async () => {
  await expectAsCpu([uniform([0, 3, 3, 2], 1)], (x) => tf.image.resizeBilinear(x, [2, 2]));
});
