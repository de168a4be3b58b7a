import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expectAsCpu, integers, sums, uniform, type Operation } from '../../compare.js';

const size = fc.integer({ min: 1, max: 40 });
const sizes = fc.record({
  rows: size,
  depth: fc.oneof(size, fc.integer({ min: 500, max: 600 })),
  columns: size,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  seed: fc.nat(),
});

test('BatchMatMul of any sizes, either side transposed', async () => {
  const batches = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(
      sizes,
      batches,
      async ({ rows, depth, columns, transposeA, transposeB, seed }, batch) => {
        const a = uniform([...batch, ...(transposeA ? [depth, rows] : [rows, depth])], seed);
        const b = uniform([...batch, ...(transposeB ? [columns, depth] : [depth, columns])], seed + 1);
        await expectAsCpu([a, b], (a, b) => tf.matMul(a, b, transposeA, transposeB), sums(32));
      },
    ),
    { seed: 1, numRuns: 120 },
  );
});

test.each([
  [
    [2, 1],
    [1, 2],
  ],
  [
    [1, 3],
    [2, 3],
  ],
  [[2], [1, 2]],
  [[], [3]],
  [[4], []],
])('batches %j and %j broadcast', async (a, b) => {
  const inputs = [uniform([...a, 3, 5], 1), uniform([...b, 5, 4], 2)];
  await expectAsCpu(inputs, (a, b) => tf.matMul(a, b), sums());
});

test.each(['linear', 'relu', 'relu6', 'sigmoid', 'elu', 'prelu', 'leakyrelu'] as const)(
  '_FusedMatMul with a bias and the activation %s',
  async (activation) => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ rows, depth, columns, transposeA, transposeB, seed }) => {
        const inputs = [
          uniform(transposeA ? [depth, rows] : [rows, depth], seed),
          uniform(transposeB ? [columns, depth] : [depth, columns], seed + 1),
          uniform([columns], seed + 2),
          uniform([1, columns], seed + 3),
        ];
        const operation: Operation = (a, b, bias, alpha) =>
          tf.fused.matMul({
            ...{ a, b, transposeA, transposeB, bias, activation },
            ...(activation === 'prelu' && { preluActivationWeights: alpha }),
            leakyreluAlpha: 0.3,
          });
        const linear: Operation = (a, b, bias) => tf.add(tf.matMul(a, b, transposeA, transposeB), bias);
        await expectAsCpu(inputs, operation, {
          roundings: 32,
          magnitude: (inputs) => sums().magnitude!(inputs, linear),
        });
      }),
      { seed: 1, numRuns: 12 },
    );
  },
);

test('_FusedMatMul with a bias of the whole output', async () => {
  const inputs = [uniform([3, 5], 1), uniform([5, 4], 2), uniform([3, 4], 3)];
  await expectAsCpu(inputs, (a, b, bias) => tf.fused.matMul({ a, b, bias }), sums());
});

test.each([
  [
    [0, 5],
    [5, 4],
  ],
  [
    [3, 0],
    [0, 4],
  ],
  [
    [3, 5],
    [5, 0],
  ],
])('no values: %j by %j', async (a, b) => {
  const inputs = [uniform(a, 1), uniform(b, 2)];
  await expectAsCpu(inputs, (a, b) => tf.matMul(a, b));
  await expectAsCpu(inputs, (a, b) => tf.fused.matMul({ a, b, activation: 'relu' }));
});

test('whole numbers fall through to cpu', async () => {
  await expectAsCpu([integers([3, 5], 1), integers([5, 4], 2)], (a, b) => tf.matMul(a, b));
});

test('not-a-number and infinity go where they go on cpu', async () => {
  const a = uniform([5, 7], 1);
  a.values[3] = NaN;
  a.values[9] = Infinity;
  a.values[17] = -Infinity;
  const magnitude = async () => [Array(50).fill(7)];
  await expectAsCpu([a, uniform([7, 10], 2)], (a, b) => tf.matMul(a, b), { roundings: 16, magnitude });
});

test('a matrix and the same values reshaped', async () => {
  const operation: Operation = (a, b, weights) => [
    tf.fused.matMul({ a, b: weights }),
    tf.fused.matMul({ a: b, b: tf.reshape(weights, [7, 5]) }),
    tf.fused.matMul({ a: b, b: weights, transposeB: true }),
  ];
  await expectAsCpu([uniform([3, 5], 1), uniform([3, 7], 2), uniform([5, 7], 3)], operation, sums());
});

test('a changed matrix of weights is packed again', async () => {
  await tf.setBackend('simd');
  const a = tf.ones<tf.Rank.R2>([1, 2]);
  const weights = tf.variable(tf.ones<tf.Rank.R2>([2, 3]));
  const multiply = () =>
    tf.tidy(() => Array.from(tf.fused.matMul({ a, b: weights as tf.Tensor2D }).dataSync()));
  expect(multiply()).toEqual([2, 2, 2]);
  weights.assign(tf.fill([2, 3], 3));
  expect(multiply()).toEqual([6, 6, 6]);
  tf.dispose([a, weights]);
});
