import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expectAsCpu, sums, uniform, type Input, type Operation } from '../../compare.js';

/** A depthwise convolution's sizes. */
interface Geometry {
  readonly x: [number, number, number, number];
  readonly filter: [number, number, number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: tf.backend_util.ExplicitPadding | 'valid' | 'same';
  readonly seed: number;
}

const side = fc.integer({ min: 1, max: 17 });
const step = fc.integer({ min: 1, max: 3 });
const border = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));
const padding: fc.Arbitrary<Geometry['pad']> = fc.oneof(
  fc.constantFrom('valid' as const, 'same' as const),
  fc.tuple(fc.constant<[number, number]>([0, 0]), border, border, fc.constant<[number, number]>([0, 0])),
);

const geometries = fc
  .record({
    x: fc.tuple(fc.integer({ min: 1, max: 3 }), side, side, fc.constantFrom(1, 2, 3, 4, 5, 8, 11, 16, 30)),
    kernel: fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, 7), fc.constantFrom(1, 2, 3, 3, 5, 5, 7)),
    strides: fc.tuple(step, step),
    dilations: fc.tuple(step, step),
    dilated: fc.boolean(),
    pad: padding,
    seed: fc.nat(),
  })
  .map(({ x, kernel, strides, dilations, dilated, pad, seed }): Geometry => {
    // tfjs takes strides or dilations, not both.
    const ones: [number, number] = [1, 1];
    return {
      ...{ x, filter: [...kernel, x[3], 1], pad, seed },
      ...(dilated ? { strides: ones, dilations } : { strides, dilations: ones }),
    };
  })
  .filter((geometry) => outShape(geometry).every((size) => size > 0));

function outShape({ x, filter, strides, dilations, pad }: Geometry): number[] {
  const sizes = [x, filter, strides, dilations, pad as 'same', undefined, true] as const;
  return tf.backend_util.computeConv2DInfo(...sizes).outShape;
}

function convolution({ strides, dilations, pad }: Geometry): Operation {
  return (x, filter) => tf.depthwiseConv2d(x, filter, strides, pad, 'NHWC', dilations);
}

function gradient(geometry: Geometry): Operation {
  return (x, filter, dy) => tf.grads(convolution(geometry) as never)([x, filter], dy);
}

function tensors(geometry: Geometry): [Input, Input, Input] {
  const { x, filter, seed } = geometry;
  return [uniform(x, seed), uniform(filter, seed + 1), uniform(outShape(geometry), seed + 2)];
}

test('DepthwiseConv2dNative of any kernel, stride, dilation, padding and channels', async () => {
  await fc.assert(
    fc.asyncProperty(geometries, (geometry) =>
      expectAsCpu(tensors(geometry).slice(0, 2), convolution(geometry), sums()),
    ),
    { seed: 1, numRuns: 200 },
  );
});

test('DepthwiseConv2dNativeBackpropInput and …BackpropFilter of any kernel, stride, padding and channels', async () => {
  const dense = geometries.filter(({ dilations }) => dilations.every((dilation) => dilation === 1));
  await fc.assert(
    fc.asyncProperty(dense, (geometry) => expectAsCpu(tensors(geometry), gradient(geometry), sums())),
    { seed: 1, numRuns: 100 },
  );
});

const activations = ['linear', 'relu', 'relu6', 'sigmoid', 'elu', 'prelu', 'leakyrelu'] as const;

test.each(activations)('FusedDepthwiseConv2D with a bias and the activation %s', async (activation) => {
  for (const [channels, strides] of [
    [6, 1],
    [16, 2],
  ] as const) {
    const filter = uniform([5, 3, channels, 1], 2);
    const scaled: Input = { ...filter, values: filter.values.map((v) => v * 3) };
    const inputs = [uniform([2, 9, 11, channels], 1), scaled, uniform([channels], 3), uniform([channels], 4)];
    const operation: Operation = (x, filter, bias, alpha) =>
      tf.fused.depthwiseConv2d({
        ...{ x, filter, strides, pad: 'same', bias, activation },
        ...(activation === 'prelu' && { preluActivationWeights: alpha }),
        leakyreluAlpha: 0.3,
      });
    const linear: Operation = (x, filter, bias) =>
      tf.add(tf.depthwiseConv2d(x, filter, strides, 'same'), bias);
    await expectAsCpu(inputs, operation, {
      roundings: 32,
      magnitude: (inputs) => sums().magnitude!(inputs, linear),
    });
  }
});

test('several filters a channel fall through to cpu', async () => {
  const inputs = [uniform([1, 6, 6, 3], 1), uniform([3, 3, 3, 2], 2), uniform([1, 6, 6, 6], 3)];
  const convolve: Operation = (x, filter) => tf.depthwiseConv2d(x, filter, 1, 'same');
  await expectAsCpu(inputs.slice(0, 2), convolve, sums());
  await expectAsCpu(inputs, (x, filter, dy) => tf.grads(convolve as never)([x, filter], dy), sums());
});

test.each([[[0, 5, 5, 3]], [[2, 5, 5, 0]]])('no values: %j', async (x) => {
  const convolve: Operation = (x, filter) => tf.depthwiseConv2d(x, filter, 1, 'same');
  const inputs = [uniform(x, 1), uniform([3, 3, x[3]!, 1], 2)];
  await expectAsCpu(inputs, convolve);
  await expectAsCpu([...inputs, uniform(x, 3)], (x, filter, dy) =>
    tf.grads(convolve as never)([x, filter], dy),
  );
});

test('not-a-number and infinity go where they go on cpu', async () => {
  const x = uniform([1, 9, 9, 6], 1);
  x.values[40] = NaN;
  x.values[200] = Infinity;
  x.values[350] = -Infinity;
  const operation: Operation = (x, filter) => [
    tf.depthwiseConv2d(x, filter, 1, 'same'),
    tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'same', activation: 'relu6' }),
  ];
  await expectAsCpu([x, uniform([3, 3, 6, 1], 2)], operation, {
    roundings: 16,
    magnitude: async () => [Array(486).fill(9), Array(486).fill(9)],
  });
});

test('FusedDepthwiseConv2D with swish, which tfjs has not', async () => {
  const inputs = [uniform([2, 9, 9, 6], 1), uniform([3, 3, 6, 1], 2), uniform([6], 3)];
  const linear: Operation = (x, filter, bias) => tf.add(tf.depthwiseConv2d(x, filter, 1, 'same'), bias);
  const operation: Operation = (x, filter, bias) => {
    if (tf.getBackend() === 'cpu') {
      const y = linear(x, filter, bias) as tf.Tensor;
      return tf.mul(y, tf.sigmoid(y));
    }
    return tf.fused.depthwiseConv2d({
      x,
      filter,
      strides: 1,
      pad: 'same',
      bias,
      activation: 'swish' as 'linear',
    });
  };
  await expectAsCpu(inputs, operation, {
    roundings: 32,
    magnitude: (inputs) => sums().magnitude!(inputs, linear),
  });
});
