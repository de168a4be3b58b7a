import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expectAsCpu, floats, integers, sums, uniform, type Input, type Operation } from '../../compare.js';

/** A shape and some of its axes. */
const reductions = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axes: fc.subarray([...shape.keys()]),
    keepDims: fc.boolean(),
    seed: fc.nat(),
  }),
);

const kernels = { Sum: tf.sum, Mean: tf.mean, Max: tf.max } as Record<string, typeof tf.sum>;

describe.each(Object.entries(kernels))('%s', (name, reduce) => {
  const tolerance = name === 'Max' ? { roundings: 0 } : sums();

  test('over any axes', async () => {
    await fc.assert(
      fc.asyncProperty(reductions, ({ shape, axes, keepDims, seed }) =>
        expectAsCpu([uniform(shape, seed)], (x) => reduce(x, axes, keepDims), tolerance),
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  test.each([
    [[70_001], [0]],
    [[3, 20_001], [1]],
    [[20_001, 3], [0]],
    [[2, 5000, 7], [1]],
    [
      [40, 30, 33],
      [0, 1],
    ],
    [
      [5000, 2, 3],
      [1, 2],
    ],
    [
      [2, 3, 5000],
      [0, 1],
    ],
    [[9, 17_000], [0]],
  ])('of many values: %j over %j', async (shape, axes) => {
    // Cpu adds up in single precision one by one, and so errs by more than simd: many small steps.
    const magnitude = { ...tolerance, roundings: tolerance.roundings * 16 };
    await expectAsCpu([uniform(shape, 1)], (x) => reduce(x, axes), magnitude);
  });

  test('of a number, over all axes, and of whole numbers', async () => {
    await expectAsCpu([floats([2.5], [])], (x) => reduce(x));
    await expectAsCpu([uniform([2, 3, 5], 1)], (x) => reduce(x), tolerance);
    await expectAsCpu([integers([2, 3, 5], 1)], (x) => reduce(x, [0, 2]), tolerance);
    const flags: Input = { shape: [5], values: Uint8Array.of(1, 0, 1, 1, 0), dtype: 'bool' };
    await expectAsCpu([flags], (x) => reduce(tf.cast(x, 'float32')), tolerance);
  });

  test('of no values', async () => {
    for (const [shape, axes] of [
      [[0, 3], [0]],
      [[0, 3], [1]],
      [[3, 0], [0]],
      [[3, 0], [1]],
      [
        [2, 0, 3],
        [0, 1],
      ],
      [[0], [0]],
    ] as const) {
      await expectAsCpu([floats([], [...shape])], (x) => reduce(x, [...axes]));
    }
  });

  test('not-a-number and infinity go where they go on cpu', async () => {
    const x = uniform([6, 9], 1);
    x.values[10] = NaN;
    x.values[20] = Infinity;
    x.values[29] = -Infinity;
    x.values[47] = Infinity;
    x.values[48] = -Infinity;
    const operation: Operation = (x) => [reduce(x, [1]), reduce(x, [0]), reduce(x)];
    const magnitude = async () => [Array(6).fill(9), Array(9).fill(6), [54]];
    await expectAsCpu([x], operation, { roundings: tolerance.roundings, magnitude });
    await expectAsCpu([floats([-Infinity, -Infinity])], (x) => reduce(x));
  });
});

test('Sum is right where single precision one by one is not', async () => {
  await tf.setBackend('simd');
  const count = 2 ** 25 + 4;
  const [total, mean] = tf.tidy(() => {
    const ones = tf.ones([count]);
    return [tf.sum(ones).dataSync()[0]!, tf.mean(ones).dataSync()[0]!];
  });
  expect([total, mean]).toEqual([count, 1]);
});

describe('Softmax', () => {
  test('of any shape', async () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), async (shape, seed) => {
        const logits = uniform(shape, seed);
        const wide = { ...logits, values: logits.values.map((v) => v * 30) };
        await expectAsCpu([wide], (x) => tf.softmax(x), { roundings: 16 });
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('of many classes', async () => {
    await expectAsCpu([uniform([3, 20_001], 1)], (x) => tf.softmax(x), { roundings: 512 });
  });

  test('of large logits, equal ones, infinities and not-a-number', async () => {
    await expectAsCpu([floats([1e30, -1e30, 0, 3, 3, 3], [2, 3])], (x) => tf.softmax(x), { roundings: 8 });
    const infinite = [Infinity, 1, 2, -Infinity, 1, 2, -Infinity, -Infinity, -Infinity, NaN, 1, 2];
    await expectAsCpu([floats(infinite, [4, 3])], (x) => tf.softmax(x), { roundings: 8 });
  });

  test('of no values', async () => {
    await expectAsCpu([floats([], [0, 3])], (x) => tf.softmax(x));
  });
});
