import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { runKernel } from '../../../../src/core/kernels.js';
import {
  exact,
  expectAsCpu,
  floats,
  integers,
  runOn,
  uniform,
  type Input,
  type Operation,
} from '../../compare.js';

/** Edges of floats: the least and largest, signed zeros, halves of activations, infinities, not-a-number. */
const edges = [
  ...[0, -0, 1, -1, 0.5, -0.5, 6, 6.5, 88.7, -87.3, 89, -104, -88, 1e-3],
  ...[2 ** -149, -(2 ** -149), 2 ** -126, 3.4028235e38, -3.4028235e38, Infinity, -Infinity, NaN],
];

/** Wide: of either sign, from tiny to large. */
function wide(shape: number[], seed: number): Input {
  const input = uniform(shape, seed);
  return { ...input, values: input.values.map((v) => v * 20) };
}

const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 });
/** Long enough for several chunks. */
const long = [3, 11_000];

/** An operation, and the roundings in which simd's result may differ from cpu's, which computes in double precision. */
const unary: Record<string, [Operation, number]> = {
  Relu: [(x) => tf.relu(x), 0],
  Relu6: [(x) => tf.relu6(x), 0],
  Sqrt: [(x) => tf.sqrt(x), 0],
  Square: [(x) => tf.square(x), 0],
  Neg: [(x) => tf.neg(x), 0],
  Abs: [(x) => tf.abs(x), 0],
  LeakyRelu: [(x) => tf.leakyRelu(x, 0.25), 0],
  'LeakyRelu, alpha above 1': [(x) => tf.leakyRelu(x, 3), 0],
  Step: [(x) => tf.step(x), 0],
  'Step with alpha': [(x) => tf.step(x, 0.7), 0],
  ClipByValue: [(x) => tf.clipByValue(x, -0.25, 3.5), 0],
  Rsqrt: [(x) => tf.rsqrt(x), 2],
  Exp: [(x) => tf.exp(x), 4],
  Sigmoid: [(x) => tf.sigmoid(x), 6],
};

const onlyFloats = ['Rsqrt', 'Sigmoid', 'Sqrt'];

describe.each(Object.entries(unary))('%s', (name, [operation, roundings]) => {
  test('of any shape', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), (shape, seed) =>
        expectAsCpu([wide(shape, seed)], operation, { roundings }),
      ),
      { seed: 1, numRuns: 20 },
    );
    await expectAsCpu([wide(long, 1)], operation, { roundings });
  });

  test('of the edges of floats', async () => {
    await expectAsCpu([floats(edges)], operation, { roundings });
  });

  test('of no values, and of whole numbers', async () => {
    await expectAsCpu([floats([], [2, 0, 3])], operation);
    await expectAsCpu([integers([7], 1)], (x) => operation(tf.cast(x, 'float32')), { roundings });
    // tfjs takes whole numbers for some operations only.
    if (!onlyFloats.includes(name)) await expectAsCpu([integers([7], 1)], operation, { roundings });
  });
});

const binary: Record<string, [Operation, number]> = {
  Add: [(a, b) => tf.add(a, b), 0],
  Sub: [(a, b) => tf.sub(a, b), 0],
  Multiply: [(a, b) => tf.mul(a, b), 0],
  RealDiv: [(a, b) => tf.div(a, b), 0],
  Maximum: [(a, b) => tf.maximum(a, b), 0],
  Minimum: [(a, b) => tf.minimum(a, b), 0],
  // The difference is rounded before it is squared.
  SquaredDifference: [(a, b) => tf.squaredDifference(a, b), 4],
};

/** Two shapes that broadcast: some axes of either are 1, and the first may be missing. */
const pairs = fc
  .array(
    fc.record({ size: fc.integer({ min: 1, max: 5 }), keeps: fc.constantFrom('both', 'both', 'a', 'b') }),
    { maxLength: 6 },
  )
  .chain((axes) => {
    const shape = (operand: string) =>
      axes.map(({ size, keeps }) => (keeps === 'both' || keeps === operand ? size : 1));
    const cut = fc.integer({ min: 0, max: axes.length });
    return fc.tuple(cut, cut, fc.boolean()).map(([a, b, whole]) => ({
      a: shape('a').slice(whole ? a : 0),
      b: shape('b').slice(whole ? 0 : b),
    }));
  });

describe.each(Object.entries(binary))('%s', (_name, [operation, roundings]) => {
  test('of any shapes that broadcast', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, fc.nat(), ({ a, b }, seed) =>
        expectAsCpu([wide(a, seed), wide(b, seed + 1)], operation, { roundings }),
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  test.each([
    [long, long],
    [long, []],
    [[], long],
    [long, [11_000]],
    [long, [3, 1]],
    [
      [3000, 1, 7],
      [1, 5, 7],
    ],
  ])('of many values: %j and %j', async (a, b) => {
    await expectAsCpu([wide(a, 1), wide(b, 2)], operation, { roundings });
  });

  test('of each pair of the edges of floats', async () => {
    await expectAsCpu([floats(edges, [edges.length, 1]), floats(edges)], operation, { roundings });
  });

  test('of no values, of whole numbers and of both', async () => {
    await expectAsCpu([floats([], [2, 0, 3]), floats([1, 2, 3])], operation);
    await expectAsCpu([integers([2, 5], 1), integers([5], 2)], operation);
    await expectAsCpu([integers([2, 5], 1), uniform([5], 2)], operation, { roundings });
    const flags: Input = { shape: [5], values: Uint8Array.of(1, 0, 1, 1, 0), dtype: 'bool' };
    await expectAsCpu([flags, uniform([2, 5], 2)], (a, b) => operation(tf.cast(a, 'float32'), b), {
      roundings,
    });
  });
});

test('an operation of the same tensor twice', async () => {
  await expectAsCpu([uniform([3, 7], 1)], (x) => [tf.add(x, x), tf.mul(x, x), tf.div(x, x)]);
});

/** Runs a kernel of simd's own there, and its composition elsewhere. */
function orComposed(name: string, inputs: readonly string[], composed: Operation): Operation {
  return (...tensors) => {
    if (tf.getBackend() !== 'simd') return composed(...tensors);
    const named = Object.fromEntries(inputs.map((input, i) => [input, tensors[i]]));
    return runKernel(name as 'Swish', named);
  };
}

const swishGradient: Operation = (x, dy) => {
  const s = tf.sigmoid(x);
  return tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(x, tf.sub(1, s)))));
};

/** Kernels that tfjs has not. Errors are relative to what the magnitude gives of cpu's inputs. */
const fused: Record<string, [Operation, number, Operation, number]> = {
  Swish: [orComposed('Swish', ['x'], (x) => tf.mul(x, tf.sigmoid(x))), 8, (x) => tf.abs(x), 1],
  SwishGrad: [
    orComposed('SwishGrad', ['x', 'dy'], swishGradient),
    16,
    // The terms of s (1 + x (1 - s)) cancel.
    (x, dy) => tf.mul(tf.abs(dy), tf.add(1, tf.abs(x))),
    2,
  ],
  AddRelu: [orComposed('AddRelu', ['a', 'b'], (a, b) => tf.relu(tf.add(a, b))), 0, (a) => a, 2],
  ReluGrad: [orComposed('ReluGrad', ['y', 'dy'], (y, dy) => tf.mul(dy, tf.step(y))), 0, (y) => y, 2],
};

describe.each(Object.entries(fused))('%s', (_name, [operation, roundings, magnitude, count]) => {
  const tolerance = {
    roundings,
    magnitude: async (inputs: readonly Input[]) => {
      await tf.setBackend('cpu');
      return [
        tf.tidy(() => {
          const tensors = inputs.map(({ values, shape }) => tf.tensor(values, shape));
          return (magnitude(...tensors) as tf.Tensor).dataSync();
        }),
      ];
    },
  };

  test('of any shape', async () => {
    const inputs = (shape: number[], seed: number) =>
      Array.from({ length: count }, (_, i) => wide(shape, seed + i));
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), (shape, seed) =>
        expectAsCpu(inputs(shape, seed), operation, tolerance),
      ),
      { seed: 1, numRuns: 20 },
    );
    await expectAsCpu(inputs(long, 1), operation, tolerance);
  });

  test('of no values', async () => {
    await expectAsCpu(Array(count).fill(floats([], [0, 3])), operation, exact);
  });

  test('of the edges of floats that are numbers', async () => {
    const finite = floats(edges.filter((v) => Number.isFinite(v) && Math.abs(v) < 1e38));
    await expectAsCpu(Array(count).fill(finite), operation, tolerance);
  });

  test('not-a-number stays', async () => {
    const [y] = await runOn('simd', Array(count).fill(floats([NaN, 1])), operation);
    expect(y!.values[0]).toBe(NaN);
  });
});
