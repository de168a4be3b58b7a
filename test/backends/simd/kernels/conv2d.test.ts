import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { runKernel } from '../../../../src/core/kernels.js';
import {
  expectAsCpu,
  floats,
  mixedSums,
  runOn,
  sums,
  uniform,
  type Input,
  type Operation,
} from '../../compare.js';

/** A convolution's sizes. */
interface Geometry {
  readonly x: [number, number, number, number];
  readonly filter: [number, number, number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: tf.backend_util.ExplicitPadding | 'valid' | 'same';
  readonly seed: number;
}

const side = fc.integer({ min: 1, max: 13 });
const step = fc.integer({ min: 1, max: 3 });

function geometries(channels: readonly number[], filters: readonly number[]): fc.Arbitrary<Geometry> {
  const padding = fc.oneof(
    fc.constantFrom('valid' as const, 'same' as const),
    fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 4 }).map(
      ([top, bottom, left, right]) =>
        [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ] as unknown,
    ),
  ) as fc.Arbitrary<Geometry['pad']>;
  return fc
    .record({
      image: fc.tuple(fc.integer({ min: 1, max: 3 }), side, side, fc.constantFrom(...channels)),
      kernel: fc.tuple(fc.constantFrom(1, 2, 3, 5, 7), fc.constantFrom(1, 2, 3, 5, 7)),
      square: fc.boolean(),
      filters: fc.constantFrom(...filters),
      strides: fc.tuple(step, step),
      dilations: fc.tuple(step, step),
      dilated: fc.boolean(),
      pad: padding,
      seed: fc.nat(),
    })
    .map(({ image, kernel: [height, width], square, filters, strides, dilations, dilated, pad, seed }) => {
      const filter = [height, square ? height : width, image[3], filters] as Geometry['filter'];
      // tfjs takes strides or dilations, not both.
      const ones: [number, number] = [1, 1];
      return {
        x: image,
        filter,
        strides: dilated ? ones : strides,
        dilations: dilated ? dilations : ones,
        pad,
        seed,
      };
    })
    .filter((geometry) => outShape(geometry).every((size) => size > 0));
}

function outShape({ x, filter, strides, dilations, pad }: Geometry): number[] {
  return tf.backend_util.computeConv2DInfo(x, filter, strides, dilations, pad as 'same').outShape;
}

function convolution({ strides, dilations, pad }: Geometry): Operation {
  return (x, filter) => tf.conv2d(x, filter, strides, pad, 'NHWC', dilations);
}

function gradient(geometry: Geometry): Operation {
  return (x, filter, dy) => tf.grads(convolution(geometry) as never)([x, filter], dy);
}

/** Its input, its filter and the gradient of its output. */
function tensors(geometry: Geometry): [Input, Input, Input] {
  const { x, filter, seed } = geometry;
  return [uniform(x, seed), uniform(filter, seed + 1), uniform(outShape(geometry), seed + 2)];
}

/** Runs a check over many geometries. */
function each(geometry: fc.Arbitrary<Geometry>, numRuns: number, check: (g: Geometry) => Promise<void>) {
  return fc.assert(fc.asyncProperty(geometry, check), { seed: 1, numRuns });
}

const few = [1, 2, 3, 4, 5, 7, 8];
const many = [9, 12, 15, 16, 20, 33];
const any = geometries([...few, ...many], [1, 3, 8, 10, 16, 24, 33]);
const small = geometries([1, 2, 3, 4, 5, 8, 9, 16], [1, 3, 8, 10, 16]);

test('Conv2D of any kernel, stride, dilation, padding and channels', async () => {
  await each(any, 150, (geometry) =>
    expectAsCpu(tensors(geometry).slice(0, 2), convolution(geometry), sums()),
  );
});

test('Conv2DBackpropInput and Conv2DBackpropFilter of any kernel, stride, padding and channels', async () => {
  await each(
    small.filter(({ dilations }) => dilations.every((dilation) => dilation === 1)),
    60,
    (geometry) => expectAsCpu(tensors(geometry), gradient(geometry), sums()),
  );
});

test.each([
  [
    [2, 16, 14, 3],
    [7, 7, 3, 20],
    [2, 2],
    [3, 3],
  ],
  [
    [1, 15, 16, 1],
    [3, 3, 1, 8],
    [2, 2],
    [1, 1],
  ],
  [
    [2, 16, 16, 4],
    [4, 4, 4, 9],
    [4, 4],
    [0, 0],
  ],
  [
    [1, 13, 12, 3],
    [5, 4, 3, 5],
    [1, 3],
    [2, 0],
  ],
] as const)(
  'the gradients of strided convolutions of few channels: %j, %j',
  async (x, filter, strides, sides) => {
    const pad = [[0, 0], [sides[0], sides[0]], [sides[1], sides[1]], [0, 0]] as unknown as Geometry['pad']; // prettier-ignore
    const shapes = { x: [...x], filter: [...filter], strides: [...strides] } as unknown as Geometry;
    const geometry: Geometry = { ...shapes, dilations: [1, 1], pad, seed: 1 };
    await expectAsCpu(tensors(geometry), gradient(geometry), sums());
  },
);

test('Conv2D of kernel 1 and stride 1, as a product of matrices', async () => {
  const geometry = geometries([1, 6, 16, 40], [1, 7, 8, 33]).map((geometry) => {
    const filter = [1, 1, ...geometry.filter.slice(2)] as Geometry['filter'];
    return { ...geometry, filter, strides: [1, 1], dilations: [1, 1], pad: 'valid' } as Geometry;
  });
  await each(geometry, 30, async (geometry) => {
    await expectAsCpu(tensors(geometry).slice(0, 2), convolution(geometry), sums());
    await expectAsCpu(tensors(geometry), gradient(geometry), sums());
  });
});

describe('3x3 convolutions of stride 1 and many channels, by Winograd', () => {
  const geometry = geometries([16, 20, 32], [16, 24, 32]).map((geometry) => {
    const filter = [3, 3, ...geometry.filter.slice(2)] as Geometry['filter'];
    return { ...geometry, filter, strides: [1, 1], dilations: [1, 1] } as Geometry;
  });
  const possible = geometry.filter((geometry) => outShape(geometry).every((size) => size > 0));
  // Its transforms mix the pixels of a tile and add numbers that are larger than the result.
  const tolerance = mixedSums(64);

  test('Conv2D', async () => {
    await each(possible, 40, (geometry) =>
      expectAsCpu(tensors(geometry).slice(0, 2), convolution(geometry), tolerance),
    );
  });

  test('the gradients', async () => {
    await each(possible, 8, (geometry) => expectAsCpu(tensors(geometry), gradient(geometry), tolerance));
  });

  test.each([
    [1, 44, 45],
    [3, 26, 31],
  ])('Conv2D of many tiles: %i images of %i by %i', async (batch, height, width) => {
    const geometry: Geometry = {
      x: [batch, height, width, 16],
      filter: [3, 3, 16, 16],
      strides: [1, 1],
      dilations: [1, 1],
      pad: 'same',
      seed: 1,
    };
    await expectAsCpu(tensors(geometry).slice(0, 2), convolution(geometry), tolerance);
  });
});

test.each([
  ['slices of one block', [5, 30, 29, 16], 24],
  ['slices of several blocks', [4, 60, 61, 32], 32],
] as const)('the gradient of a filter by Winograd, in %s', async (_name, shape, filters) => {
  const [batch, height, width, channels] = shape;
  const [x, dy] = [uniform([...shape], 1), uniform([batch, height, width, filters], 2)];
  const [gradient] = await runOn('simd', [x, dy], (x, dy) =>
    tf.grad((f) => tf.conv2d(x, f as tf.Tensor4D, 1, 'same'))(tf.zeros([3, 3, channels, filters]), dy),
  );
  // In float64, since the cpu backend takes minutes.
  const expected = new Float64Array(9 * channels * filters);
  const pixels = batch * height * width;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const [row, column] = [Math.floor(pixel / width) % height, pixel % width];
    for (let tap = 0; tap < 9; tap++) {
      const [down, right] = [Math.floor(tap / 3) - 1, (tap % 3) - 1];
      if (row + down < 0 || row + down >= height || column + right < 0 || column + right >= width) continue;
      const from = (pixel + down * width + right) * channels;
      for (let c = 0; c < channels; c++) {
        const value = x.values[from + c]!;
        const to = (tap * channels + c) * filters;
        for (let f = 0; f < filters; f++) expected[to + f]! += value * dy.values[pixel * filters + f]!;
      }
    }
  }
  const distance = Math.max(...Array.from(gradient!.values, (v, i) => Math.abs(v - expected[i]!)));
  // Roundings of sums of so many terms of at most 1; they came to 6e-5 and 1.6e-4.
  expect(distance).toBeLessThan(1e-3);
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(50);
});

test('the gradient of a filter over more images than its workspace holds', async () => {
  const { x, filter, strides, pad } = {
    x: [40, 64, 64, 16],
    filter: [1, 1, 16, 16],
    strides: 1,
    pad: 'valid',
  } as const;
  await tf.setBackend('simd');
  const [dy, input] = [uniform([40, 64, 64, 16], 1), uniform([...x], 2)];
  const whole = await runOn('simd', [input, dy], (x, dy) =>
    tf.grad((f) => tf.conv2d(x, f as tf.Tensor4D, strides, pad))(tf.zeros([...filter]), dy),
  );
  // The same in one product of matrices, [16, pixels] by [pixels, 16].
  const product = await runOn('simd', [input, dy], (x, dy) =>
    tf.matMul(tf.reshape(x, [-1, 16]), tf.reshape(dy, [-1, 16]), true),
  );
  const [a, b] = [whole[0]!.values, product[0]!.values];
  const distance = Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));
  // 163,840 terms of at most 1, whose sums are some hundred.
  expect(distance).toBeLessThan(1e-2);
  expect(Math.max(...Array.from(a, Math.abs))).toBeGreaterThan(100);
});

const activations = ['linear', 'relu', 'relu6', 'sigmoid', 'elu', 'prelu', 'leakyrelu'] as const;

describe.each(activations)('FusedConv2D with the activation %s', (activation) => {
  test.each([
    ['', [2, 9, 8, 5], [3, 3, 5, 10], 2],
    [', by Winograd', [1, 9, 10, 16], [3, 3, 16, 16], 1],
    [', of few channels', [2, 11, 9, 3], [5, 5, 3, 8], 2],
    [', of kernel 1', [2, 5, 5, 12], [1, 1, 12, 17], 1],
  ] as const)('and a bias%s', async (_name, x, filter, strides) => {
    const filters = filter[3];
    // Sums about as large as 6, so that every clamp takes part.
    const scaled = (input: Input) => ({ ...input, values: input.values.map((v) => v * 3) as Float32Array });
    const inputs = [
      uniform([...x], 1),
      scaled(uniform([...filter], 2)),
      uniform([filters], 3),
      uniform([filters], 4),
    ];
    const operation: Operation = (x, filter, bias, alpha) =>
      tf.fused.conv2d({
        ...{ x, filter, strides, pad: 'same', bias, activation },
        ...(activation === 'prelu' && { preluActivationWeights: alpha }),
        leakyreluAlpha: 0.3,
      });
    const linear: Operation = (x, filter, bias) => tf.add(tf.conv2d(x, filter, strides, 'same'), bias);
    await expectAsCpu(inputs, operation, {
      roundings: 128,
      magnitude: (inputs) => sums().magnitude!(inputs, linear),
    });
  });
});

describe.each([
  ['', [2, 9, 8, 5], [3, 3, 5, 10], 2],
  [', by Winograd', [1, 9, 10, 16], [3, 3, 16, 16], 1],
  [', by Winograd in many tiles', [2, 33, 34, 16], [3, 3, 16, 16], 1],
  [', of few channels', [2, 11, 9, 3], [5, 5, 3, 8], 2],
  [', of kernel 1', [2, 5, 5, 12], [1, 1, 12, 17], 1],
] as const)('what tfjs has not%s', (_name, x, filter, strides) => {
  const inputs = [uniform([...x], 1), uniform([...filter], 2), uniform([filter[3]], 3)];
  const outShape = tf.backend_util.computeConv2DInfo([...x], [...filter], strides, 1, 'same').outShape;
  const residual = uniform(outShape, 4);
  const linear: Operation = (x, filter, bias, residual) => {
    const y = tf.add(tf.conv2d(x, filter, strides, 'same'), bias);
    return residual ? tf.add(y, residual) : y;
  };
  const tolerance = {
    roundings: 128,
    magnitude: (inputs: readonly Input[]) => mixedSums(1).magnitude!(inputs, linear),
  };

  test('FusedConv2D with swish', async () => {
    const operation: Operation = (x, filter, bias) => {
      if (tf.getBackend() === 'cpu') {
        const y = linear(x, filter, bias) as tf.Tensor;
        return tf.mul(y, tf.sigmoid(y));
      }
      return tf.fused.conv2d({ x, filter, strides, pad: 'same', bias, activation: 'swish' as 'linear' });
    };
    await expectAsCpu(inputs, operation, tolerance);
  });

  test.each(['linear', 'relu', 'relu6', 'sigmoid'] as const)(
    'FusedConv2DResidual with %s',
    async (activation) => {
      const functions = { linear: tf.clone, relu: tf.relu, relu6: tf.relu6, sigmoid: tf.sigmoid };
      const operation: Operation = (x, filter, bias, residual) => {
        if (tf.getBackend() === 'cpu')
          return functions[activation](linear(x, filter, bias, residual) as tf.Tensor);
        const attributes = { strides, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation };
        return runKernel('FusedConv2DResidual', { x, filter, bias, residual }, attributes);
      };
      await expectAsCpu([...inputs, residual], operation, tolerance);
    },
  );
});

test('FusedConv2DResidual refuses an activation that it cannot fuse', async () => {
  await tf.setBackend('simd');
  const x = tf.ones([1, 3, 3, 2]);
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation: 'elu' };
  const inputs = { x, filter: tf.ones([1, 1, 2, 2]), residual: x };
  expect(() => runKernel('FusedConv2DResidual', inputs, attributes)).toThrow(
    "simd: no convolution of activation 'elu' adds a residual.",
  );
  tf.dispose(inputs);
});

test('FusedConv2D without a bias', async () => {
  const operation: Operation = (x, filter) =>
    tf.fused.conv2d({ x, filter, strides: 1, pad: 'valid', activation: 'relu' });
  await expectAsCpu([uniform([1, 5, 5, 9], 1), uniform([3, 3, 9, 9], 2)], operation, sums());
});

test('NCHW falls through to cpu', async () => {
  const convolve: Operation = (x, filter) => tf.conv2d(x, filter, 1, 'same', 'NCHW');
  await expectAsCpu([uniform([2, 3, 5, 6], 1), uniform([3, 3, 3, 4], 2)], convolve, sums());
});

test.each([
  [
    [0, 5, 5, 3],
    [3, 3, 3, 8],
  ],
  [
    [0, 5, 5, 16],
    [3, 3, 16, 16],
  ],
  [
    [2, 5, 5, 3],
    [3, 3, 3, 0],
  ],
])('no image or no filter: %j with %j', async (x, filter) => {
  const convolve: Operation = (x, filter) => tf.conv2d(x, filter, 1, 'same');
  const inputs = [uniform(x, 1), uniform(filter, 2)];
  await expectAsCpu(inputs, convolve);
  const dy = uniform([...x.slice(0, 3), filter[3]!], 3);
  await expectAsCpu([...inputs, dy], (x, filter, dy) => tf.grads(convolve as never)([x, filter], dy));
});

test('no channels: a sum of nothing', async () => {
  const inputs = [uniform([2, 5, 5, 0], 1), uniform([3, 3, 0, 8], 2)];
  await expectAsCpu(inputs, (x, filter) => tf.conv2d(x, filter, 1, 'same'));
});

test('a stride beyond the kernel: pixels that no window sees have a gradient of zero', async () => {
  const geometry: Geometry = {
    x: [1, 7, 8, 3],
    filter: [1, 2, 3, 4],
    strides: [3, 3],
    dilations: [1, 1],
    pad: 'valid',
    seed: 1,
  };
  await expectAsCpu(tensors(geometry), gradient(geometry), sums());
});

test('not-a-number and infinity go where they go on cpu', async () => {
  const x = uniform([1, 6, 6, 5], 1);
  x.values[40] = NaN;
  x.values[100] = Infinity;
  x.values[150] = -Infinity;
  const operation: Operation = (x, filter) => [
    tf.conv2d(x, filter, 1, 'same'),
    tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', activation: 'relu6' }),
  ];
  await expectAsCpu([x, uniform([3, 3, 5, 10], 2)], operation, {
    roundings: 16,
    magnitude: async () => [Array(360).fill(45), Array(360).fill(45)],
  });
});

test('a changed filter is packed again', async () => {
  await tf.setBackend('simd');
  const x = tf.ones<tf.Rank.R4>([1, 1, 1, 2]);
  const filter = tf.variable(tf.ones<tf.Rank.R4>([1, 1, 2, 3]));
  const convolve = () =>
    tf.tidy(() => Array.from(tf.conv2d(x, filter as tf.Tensor4D, 1, 'valid').dataSync()));
  expect(convolve()).toEqual([2, 2, 2]);
  filter.assign(tf.fill([1, 1, 2, 3], 3));
  expect(convolve()).toEqual([6, 6, 6]);
  tf.dispose([x, filter]);
});

test('a filter of whole numbers, called floats', async () => {
  const filter: Input = { shape: [1, 1, 2, 2], values: Int32Array.of(1, 2, 3, 4), dtype: 'int32' };
  await expectAsCpu([floats([1, 2], [1, 1, 1, 2]), filter], (x, filter) =>
    tf.conv2d(x, tf.cast(filter, 'float32'), 1, 'valid'),
  );
});

test.each([
  [
    [1, 1, 4, 6],
    [1, 1, 6, 4],
  ],
  [
    [3, 3, 16, 32],
    [3, 3, 32, 16],
  ],
] as const)('a filter of shape %j and the same values reshaped to %j', async (first, second) => {
  const images = [uniform([1, 5, 5, first[2]], 1), uniform([1, 5, 5, second[2]], 2)];
  const operation: Operation = (a, b, filter) => [
    tf.conv2d(a, filter, 1, 'same'),
    tf.conv2d(b, tf.reshape(filter, [...second]), 1, 'same'),
    ...[a, b].map((_, i) => {
      const reshaped = tf.reshape(filter, i === 0 ? [...first] : [...second]);
      const dy = tf.ones([1, 5, 5, reshaped.shape[3]!]);
      return tf.grad((x) => tf.conv2d(x as tf.Tensor4D, reshaped as tf.Tensor4D, 1, 'same'))(
        i === 0 ? a : b,
        dy,
      );
    }),
  ];
  await expectAsCpu([...images, uniform([...first], 3)], operation, mixedSums(64));
});
