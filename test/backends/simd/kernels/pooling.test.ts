import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  expectAsCpu,
  floats,
  integers,
  runOn,
  sums,
  uniform,
  type Input,
  type Operation,
} from '../../compare.js';

/** A pooling's sizes. */
interface Geometry {
  readonly x: [number, number, number, number];
  readonly window: [number, number];
  readonly strides: [number, number];
  readonly pad: tf.backend_util.ExplicitPadding | 'valid' | 'same';
  readonly seed: number;
}

const side = fc.integer({ min: 1, max: 12 });
const upTo4 = fc.integer({ min: 1, max: 4 });
const border = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));
const padding: fc.Arbitrary<Geometry['pad']> = fc.oneof(
  fc.constantFrom('valid' as const, 'same' as const),
  fc.tuple(fc.constant<[number, number]>([0, 0]), border, border, fc.constant<[number, number]>([0, 0])),
);

const geometries: fc.Arbitrary<Geometry> = fc
  .record({
    x: fc.tuple(fc.integer({ min: 1, max: 3 }), side, side, fc.constantFrom(1, 2, 3, 4, 5, 8, 11, 20)),
    window: fc.tuple(upTo4, upTo4),
    strides: fc.tuple(upTo4, upTo4),
    pad: padding,
    seed: fc.nat(),
  })
  .filter((geometry) => outShape(geometry).every((size) => size > 0));

function outShape({ x, window, strides, pad }: Geometry): number[] {
  return tf.backend_util.computePool2DInfo(x, window, strides, 1, pad).outShape;
}

function pool(kind: 'maxPool' | 'avgPool', { window, strides, pad }: Geometry): Operation {
  return (x) => tf[kind](x, window, strides, pad);
}

function gradient(kind: 'maxPool' | 'avgPool', geometry: Geometry): Operation {
  return (x, dy) => tf.grad(pool(kind, geometry) as never)(x, dy);
}

function each(numRuns: number, check: (geometry: Geometry) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(geometries, check), { seed: 1, numRuns });
}

describe.each(['maxPool', 'avgPool'] as const)('%s', (kind) => {
  const tolerance = kind === 'maxPool' ? { roundings: 0 } : sums();

  test('of any window, stride, padding and channels', async () => {
    await each(150, (geometry) =>
      expectAsCpu([uniform(geometry.x, geometry.seed)], pool(kind, geometry), tolerance),
    );
  });

  test('its gradient', async () => {
    await each(100, (geometry) => {
      const inputs = [uniform(geometry.x, geometry.seed), uniform(outShape(geometry), geometry.seed + 1)];
      return expectAsCpu(inputs, gradient(kind, geometry), {
        ...sums(),
        // The largest value of absolute values is another, so only the gradient's absolute values count.
        magnitude: async ([x, dy]) => {
          const absolute = { ...dy!, values: dy!.values.map(Math.abs) };
          return (await runOn('cpu', [x!, absolute], gradient(kind, geometry))).map(({ values }) => values);
        },
      });
    });
  });

  test('of no images and of no channels', async () => {
    for (const x of [
      [0, 4, 4, 3],
      [2, 4, 4, 0],
    ]) {
      await expectAsCpu([floats([], x)], (x) => tf[kind](x, 2, 2, 'valid'));
    }
  });

  test('of whole numbers', async () => {
    await expectAsCpu(
      [integers([1, 4, 4, 3], 1)],
      (x) => tf[kind](tf.cast(x, 'float32'), 2, 2, 'valid'),
      tolerance,
    );
  });
});

test('equal values: the first gets the gradient, as on cpu', async () => {
  const equal: Input = { shape: [1, 5, 5, 3], values: new Float32Array(75).fill(2), dtype: 'float32' };
  const operation: Operation = (x, dy) => tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 3, 1, 'same'))(x, dy);
  await expectAsCpu([equal, uniform([1, 5, 5, 3], 1)], operation, sums());
});

test('windows that are all negative, and all minus infinity', async () => {
  const x = uniform([1, 6, 6, 5], 1);
  const negative = { ...x, values: x.values.map((v) => -1 - Math.abs(v)) };
  const operation: Operation = (x, dy) => [
    tf.maxPool(x, 2, 2, 'valid'),
    tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'))(x, dy),
  ];
  await expectAsCpu([negative, uniform([1, 3, 3, 5], 2)], operation);
  const infinite = { ...x, values: x.values.map(() => -Infinity) };
  await expectAsCpu([infinite, uniform([1, 3, 3, 5], 2)], operation);
});

test('MaxPoolGrad of windows that are all minus infinity writes nowhere', async () => {
  const x = { ...uniform([1, 8, 8, 16], 1), values: new Float32Array(1024).fill(-Infinity) };
  const operation: Operation = (input, output, dy) =>
    tf.engine().runKernel('MaxPoolGrad', { input, output, dy }, { filterSize: 2, strides: 2, pad: 'valid' });
  await expectAsCpu([x, uniform([1, 4, 4, 16], 2), uniform([1, 4, 4, 16], 3)], operation);
});

test('avgPool of not-a-number and infinity is as on cpu', async () => {
  const x = uniform([1, 6, 6, 5], 1);
  [x.values[7], x.values[40], x.values[90]] = [NaN, Infinity, -Infinity];
  await expectAsCpu([x], (x) => tf.avgPool(x, 3, 1, 'valid'), {
    roundings: 16,
    magnitude: async () => [Array(80).fill(1)],
  });
});

test('maxPool passes over not-a-number, as on cpu', async () => {
  const x = floats([1, NaN, 3, 4, NaN, NaN, NaN, NaN], [2, 2, 2, 1]);
  const operation: Operation = (x) => tf.maxPool(x, 2, 2, 'valid');
  await expectAsCpu([x], operation);
  expect((await runOn('simd', [x], operation))[0]!.values[0]).toBe(4);
});
