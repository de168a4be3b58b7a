import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expectAsCpu, floats, integers, uniform } from '../../compare.js';

const side = fc.integer({ min: 1, max: 12 });
const sizes = fc.record({
  shape: fc.tuple(fc.integer({ min: 1, max: 3 }), side, side, fc.integer({ min: 1, max: 9 })),
  size: fc.tuple(side, side),
  // tfjs takes one of the two at most.
  mode: fc.constantFrom([false, false], [true, false], [false, true]),
  seed: fc.nat(),
});

test('ResizeBilinear from and to any size', async () => {
  // Each value lies between four of at most 1; where they lie is computed in single precision.
  await fc.assert(
    fc.asyncProperty(sizes, ({ shape, size, mode: [alignCorners, halfPixelCenters], seed }) =>
      expectAsCpu(
        [uniform(shape, seed)],
        (images) => tf.image.resizeBilinear(images, size, alignCorners, halfPixelCenters),
        {
          roundings: 16,
          magnitude: async ([x]) => [Array(shape[0] * size[0] * size[1] * x!.shape[3]!).fill(1)],
        },
      ),
    ),
    { seed: 1, numRuns: 150 },
  );
});

test('of no images, and of whole numbers', async () => {
  await expectAsCpu([floats([], [0, 4, 4, 3])], (images) => tf.image.resizeBilinear(images, [2, 3]));
  await expectAsCpu([integers([1, 4, 4, 3], 1)], (images) => tf.image.resizeBilinear(images, [2, 3]));
});
