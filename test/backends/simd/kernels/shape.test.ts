import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expectAsCpu, floats, integers, uniform } from '../../compare.js';

const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });

/** Moving values computes nothing, so all must be exact; a shape that takes a job's several chunks comes last. */
function each<T>(
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  numRuns = 100,
): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, check), { seed: 1, numRuns });
}

test('Transpose of any axes', async () => {
  const permutations = shapes.chain((shape) => {
    const axes = [...shape.keys()];
    return fc.tuple(fc.constant(shape), fc.shuffledSubarray(axes, { minLength: axes.length }));
  });
  await each(permutations, async ([shape, axes]) => {
    await expectAsCpu([uniform(shape, 1)], (x) => tf.transpose(x, axes));
    await expectAsCpu([integers(shape, 1)], (x) => tf.transpose(x, axes));
  });
  await expectAsCpu([uniform([300, 7, 50], 1)], (x) => [tf.transpose(x), tf.transpose(x, [1, 0, 2])]);
});

test('Slice of any part', async () => {
  const parts = shapes.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.tuple(
        ...shape.map((size) =>
          fc.integer({ min: 0, max: size }).chain((begin) =>
            // -1 is all the rest.
            fc.tuple(fc.constant(begin), fc.integer({ min: -1, max: size - begin })),
          ),
        ),
      ),
    ),
  );
  await each(parts, async ([shape, ranges]) => {
    const begin = ranges.map(([begin]) => begin);
    const size = ranges.map(([, size]) => size);
    await expectAsCpu([uniform(shape, 1)], (x) => tf.slice(x, begin, size));
  });
  await expectAsCpu([uniform([300, 7, 50], 1)], (x) => tf.slice(x, [1, 2, 3], [298, 4, 40]));
});

test('Tile of any axes', async () => {
  const tilings = shapes.chain((shape) =>
    fc.tuple(fc.constant(shape), fc.tuple(...shape.map(() => fc.integer({ min: 0, max: 3 })))),
  );
  await each(tilings, async ([shape, reps]) => {
    await expectAsCpu([uniform(shape, 1)], (x) => tf.tile(x, reps));
    await expectAsCpu([integers(shape, 1)], (x) => tf.tile(x, reps));
  });
  await expectAsCpu([uniform([30, 1, 1, 50], 1)], (x) => tf.tile(x, [1, 9, 9, 1]));
});

test('a slice that reaches out is refused as on cpu', async () => {
  for (const backend of ['cpu', 'simd']) {
    await tf.setBackend(backend);
    const x = tf.ones([3, 3]);
    expect(() => tf.slice(x, [1, 1], [3, 1])).toThrow(
      'begin[0] + size[0] (4) would overflow input.shape[0] (3)',
    );
    x.dispose();
  }
});

test('PadV2 by any number of any value', async () => {
  const paddings = shapes.chain((shape) => {
    const before = fc.integer({ min: 0, max: 3 });
    return fc.record({
      shape: fc.constant(shape),
      paddings: fc.tuple(...shape.map(() => fc.tuple(before, before))) as fc.Arbitrary<[number, number][]>,
      value: fc.constantFrom(0, 0.5, -3, Infinity, NaN),
    });
  });
  await each(paddings, ({ shape, paddings, value }) =>
    expectAsCpu([uniform(shape, 1)], (x) => tf.pad(x, paddings, value)),
  );
  await expectAsCpu([uniform([300, 7, 50], 1)], (x) =>
    tf.pad(
      x,
      [
        [0, 1],
        [2, 0],
        [3, 4],
      ],
      1,
    ),
  );
});

test('Concat of any tensors on any axis', async () => {
  const lists = shapes.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
      sizes: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
    }),
  );
  await each(lists, ({ shape, axis, sizes }) => {
    const at = axis < 0 ? axis + shape.length : axis;
    const inputs = sizes.map((size, i) =>
      uniform(
        shape.map((old, j) => (j === at ? size : old)),
        i,
      ),
    );
    return expectAsCpu(inputs, (...tensors) => tf.concat(tensors, axis));
  });
  const long = [uniform([300, 7, 50], 1), uniform([300, 7, 51], 2)];
  await expectAsCpu(long, (a, b) => tf.concat([a, b], 2));
});

test('tensors without values', async () => {
  const empty = floats([], [2, 0, 3]);
  await expectAsCpu([empty], (x) => tf.transpose(x, [2, 0, 1]));
  await expectAsCpu([empty], (x) => tf.slice(x, [1, 0, 1], [1, 0, 2]));
  await expectAsCpu([empty], (x) =>
    tf.pad(
      x,
      [
        [0, 0],
        [1, 1],
        [0, 2],
      ],
      3,
    ),
  );
  await expectAsCpu([empty, empty], (a, b) => tf.concat([a, b], 0));
});

test('a number alone', async () => {
  await expectAsCpu([floats([3], [])], (x) => tf.transpose(x));
});

test('gradients, which go back by the same kernels', async () => {
  const inputs = [uniform([2, 3, 4], 1), uniform([4, 4, 2], 2)];
  await expectAsCpu(inputs, (x, dy) =>
    tf.grad((x) =>
      tf.transpose(
        tf.pad(tf.slice(x, [0, 1, 0], [2, 2, 4]), [
          [0, 0],
          [1, 1],
          [0, 0],
        ]),
        [2, 1, 0],
      ),
    )(x, dy),
  );
});
