import * as tf from '@tensorflow/tfjs-core';
import '../../../../src/backends/simd/index.js';
import { Random } from '../../../../src/core/random.js';

// Winograd rounds relative to the largest value of a tile, and spreads what is not finite over it; so tiles whose values are
// not of like size are computed directly. Errors are relative to the sum of absolute products, as a direct sum's are.

/** Halves of a unit in the last place of the sum of absolute products; a direct sum of these many terms has up to 30. */
const BOUND = 64;
const ROUNDING = 2 ** -24;
const SIDE = 13;
const CHANNELS = 16;
const shape: [number, number, number, number] = [2, SIDE, SIDE, CHANNELS];
const kernelShape: [number, number, number, number] = [3, 3, CHANNELS, CHANNELS];
const IMAGE = SIDE * SIDE * CHANNELS;

type Values = ArrayLike<number>;

/** The place of a value in a tensor of `shape`. */
const at = (n: number, y: number, x: number, c: number) => n * IMAGE + (y * SIDE + x) * CHANNELS + c;

/** Calls with the places of both factors of every product of a convolution of padding 1, and of its output. */
function forProducts(use: (x: number, kernel: number, y: number) => void): void {
  for (let n = 0; n < 2; n++)
    for (let row = 0; row < SIDE; row++)
      for (let column = 0; column < SIDE; column++)
        for (let tap = 0; tap < 9; tap++) {
          const [y, x] = [row + Math.floor(tap / 3) - 1, column + (tap % 3) - 1];
          if (y < 0 || x < 0 || y >= SIDE || x >= SIDE) continue;
          for (let c = 0; c < CHANNELS; c++)
            for (let f = 0; f < CHANNELS; f++)
              use(at(n, y, x, c), (tap * CHANNELS + c) * CHANNELS + f, at(n, row, column, f));
        }
}

/** The three operations in double precision, each of two operands: the result, and the sum of absolute products. */
const references = {
  'the convolution': (x: Values, kernel: Values) =>
    sums(2 * IMAGE, (add) => forProducts((i, k, o) => add(o, x[i]! * kernel[k]!))),
  'the gradient of the input': (dy: Values, kernel: Values) =>
    sums(2 * IMAGE, (add) => forProducts((i, k, o) => add(i, dy[o]! * kernel[k]!))),
  'the gradient of the filter': (x: Values, dy: Values) =>
    sums(9 * CHANNELS ** 2, (add) => forProducts((i, k, o) => add(k, x[i]! * dy[o]!))),
};

const operations = {
  'the convolution': (x: Float32Array, kernel: Float32Array) =>
    run('Conv2D', { x: tf.tensor4d(x, shape), filter: tf.tensor4d(kernel, kernelShape) }, {}),
  'the gradient of the input': (dy: Float32Array, kernel: Float32Array) =>
    run(
      'Conv2DBackpropInput',
      { dy: tf.tensor4d(dy, shape), filter: tf.tensor4d(kernel, kernelShape) },
      { inputShape: shape },
    ),
  'the gradient of the filter': (x: Float32Array, dy: Float32Array) =>
    run(
      'Conv2DBackpropFilter',
      { x: tf.tensor4d(x, shape), dy: tf.tensor4d(dy, shape) },
      { filterShape: kernelShape },
    ),
};

function sums(size: number, fill: (add: (place: number, product: number) => void) => void) {
  const [exact, absolute] = [new Float64Array(size), new Float64Array(size)];
  fill((place, product) => {
    exact[place]! += product;
    absolute[place]! += Math.abs(product);
  });
  return { exact, absolute };
}

function run(kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap): Float32Array {
  const common = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };
  return tf.tidy(() => {
    const result = tf.engine().runKernel(kernel, inputs, { ...common, ...attrs } as tf.NamedAttrMap);
    return (result as tf.Tensor).dataSync<'float32'>();
  });
}

/** The largest error, in roundings of the sum of absolute products. */
function worst(actual: Values, { exact, absolute }: { exact: Float64Array; absolute: Float64Array }): number {
  let most = 0;
  exact.forEach((value, i) => {
    const error = actual[i] === value ? 0 : Math.abs(actual[i]! - value) / absolute[i]! / ROUNDING;
    most = Number.isNaN(error) ? Infinity : Math.max(most, error);
  });
  return most;
}

function operands(name: keyof typeof operations): [Float32Array, Float32Array] {
  const random = new Random(3);
  const size = name === 'the gradient of the filter' ? 2 * IMAGE : 9 * CHANNELS ** 2;
  return [random.uniformArray(2 * IMAGE, -1, 1), random.uniformArray(size, -1, 1)];
}

beforeAll(() => tf.setBackend('simd'));

describe.each(Object.keys(operations) as (keyof typeof operations)[])('%s by Winograd', (name) => {
  test.each([1, 10, 60, 100, 1e3, 1e5, 1e8, 1e20, 1e37])(
    'is as exact as a direct sum where one activation is %d times the others',
    (size) => {
      const [a, b] = operands(name);
      a[at(0, 5, 6, 3)] = size;
      if (name === 'the gradient of the filter') b[at(0, 7, 4, 5)] = Math.min(size, 1e20);
      expect(worst(operations[name](a, b), references[name](a, b))).toBeLessThan(BOUND);
    },
  );

  test.each([1e-3, 1e-6, 0])(
    'is as exact as a direct sum where half of an image is %d times the rest',
    (size) => {
      const [a, b] = operands(name);
      for (let i = at(1, 0, 0, 0); i < at(1, 6, 3, 0); i++) a[i]! *= size;
      expect(worst(operations[name](a, b), references[name](a, b))).toBeLessThan(BOUND);
    },
  );

  test.each([NaN, Infinity, -Infinity])('has %d where a direct sum has it', (value) => {
    for (const place of [at(0, 5, 6, 3), at(1, 12, 12, 15), at(0, 0, 0, 0)]) {
      const [a, b] = operands(name);
      a[place] = value;
      const { exact } = references[name](a, b);
      const actual = operations[name](a, b);
      const kind = (v: number) => (Number.isFinite(v) ? 'finite' : String(v));
      expect(Array.from(actual, kind)).toEqual(Array.from(exact, kind));
    }
  });
});

test.each([NaN, Infinity, 1e30])('a kernel that holds %d is not transformed', (value) => {
  for (const name of ['the convolution', 'the gradient of the input'] as const) {
    const [a, b] = operands(name);
    // The middle tap, which never meets padding.
    b[(4 * CHANNELS + 2) * CHANNELS + 7] = value;
    const { exact, absolute } = references[name](a, b);
    const actual = operations[name](a, b);
    exact.forEach((expected, i) => {
      if (Number.isFinite(expected)) {
        expect(Math.abs(actual[i]! - expected)).toBeLessThan(BOUND * ROUNDING * absolute[i]! + 1e-30);
      } else {
        expect(actual[i]).toBe(expected);
      }
    });
  }
});

test('an uneven image changes no other image of the batch', () => {
  const [a, b] = operands('the convolution');
  const alone = operations['the convolution'](a, b);
  a[at(0, 5, 6, 3)] = 1e6;
  const together = operations['the convolution'](a, b);
  expect(together.subarray(IMAGE)).toEqual(alone.subarray(IMAGE));
});
