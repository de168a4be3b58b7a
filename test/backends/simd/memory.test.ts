import '../../../src/backends/simd/index.js';
import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../../../src/backends/simd/index.js';
import { freeingTape } from '../../../src/core/tape.js';
import { buildResNet } from '../../../src/models/resnet.js';
import { randomTensor } from '../../helpers/tensors.js';

const GIBIBYTE = 2 ** 30;

beforeEach(async () => {
  await tf.setBackend('simd');
});

afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

function backend(): SimdBackend {
  return tf.backend() as SimdBackend;
}

/** Bytes that live in the WebAssembly memory. */
function bytes(): number {
  return backend().memory().numBytesAllocated;
}

/** A variable of random values. */
function variable<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Variable<R> {
  return tf.tidy(() => tf.variable(randomTensor<R>(shape, seed)));
}

/** Runs a function while little more than `left` bytes can be had; pages that nobody touches cost nothing. */
function withLittleMemory(left: number, use: () => void): void {
  const simd = backend();
  const hoard: number[] = [];
  for (let size = 2 * GIBIBYTE; size >= 64; size /= 2) {
    for (;;) {
      const address = simd.runtime.allocator.allocate(size);
      if (address === undefined) break;
      hoard.push(address);
    }
  }
  const spare = simd.runtime.allocator;
  // The small ones go first, and then a large one is split.
  let freed = 0;
  while (freed < left) {
    const before = spare.usedBytes;
    spare.release(hoard.pop()!);
    freed += before - spare.usedBytes;
  }
  try {
    use();
  } finally {
    for (const address of hoard) spare.release(address);
  }
}

test('a tensor takes its bytes and gives them back', () => {
  const before = bytes();
  const x = tf.ones([16, 16]);
  expect(bytes() - before).toBe(1024);
  const alias = tf.reshape(x, [256]);
  x.dispose();
  expect(bytes() - before).toBe(1024);
  alias.dispose();
  expect(bytes()).toBe(before);
});

test('values that were read stay when their tensor goes', async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const [now, later] = [x.dataSync(), await x.data()];
  x.dispose();
  const other = tf.tensor1d([7, 8, 9]);
  expect([now, later]).toEqual([Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3)]);
  other.dispose();
});

test('packed weights go with their tensor', () => {
  const x = tf.ones<tf.Rank.R4>([1, 4, 4, 16]);
  const warm = tf.ones<tf.Rank.R4>([3, 3, 16, 16]);
  tf.conv2d(x, warm, 1, 'same').dispose(); // The backend keeps some zeros from now on.
  warm.dispose();
  const first = bytes();
  for (const size of [1, 3]) {
    const filter = tf.ones<tf.Rank.R4>([size, size, 16, 16]);
    const before = bytes();
    tf.conv2d(x, filter, 1, 'same').dispose();
    expect(bytes()).toBeGreaterThan(before);
    const packed = bytes();
    tf.conv2d(x, filter, 1, 'same').dispose();
    expect(bytes()).toBe(packed);
    filter.dispose();
  }
  expect(bytes()).toBe(first);
  x.dispose();
});

test('1,000 steps of training take no more memory than the first ones', () => {
  const weights = [
    variable<tf.Rank.R4>([3, 3, 3, 16], 1),
    variable<tf.Rank.R4>([3, 3, 16, 16], 2),
    variable<tf.Rank.R2>([16, 4], 3),
  ] as const;
  const images = randomTensor<tf.Rank.R4>([2, 6, 6, 3], 4);
  const labels = tf.tensor2d([1, 0, 0, 0, 0, 1, 0, 0], [2, 4]);
  const optimizer = tf.train.adam(0.01);
  const step = () =>
    optimizer.minimize(() => {
      const [first, second, dense] = weights;
      const h = tf.relu(tf.conv2d(images, first as tf.Tensor4D, 1, 'same'));
      const pooled = tf.maxPool(tf.relu(tf.conv2d(h, second as tf.Tensor4D, 1, 'same')), 2, 2, 'valid');
      const logits = tf.matMul(tf.mean<tf.Tensor2D>(pooled, [1, 2]), dense as tf.Tensor2D);
      return tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
    });
  const counts = () => [tf.memory().numTensors, tf.memory().numDataBuffers, backend().memory()];
  for (let i = 0; i < 3; i++) step();
  const before = counts();
  for (let i = 0; i < 1000; i++) step();
  expect(counts()).toEqual(before);
  optimizer.dispose();
  tf.dispose([[...weights], images, labels]);
});

describe('out of memory', () => {
  test('the error names the request, and the backend works after it', () => {
    const simd = backend();
    const before = bytes();
    withLittleMemory(0, () => {
      expect(() => tf.ones([1024, 1024])).toThrow(
        /^simd: out of memory: a float32 tensor of shape \[1024,1024\] needs 4\.0 MiB; 409\d\.\d MiB of at most 4096\.0 MiB are in use\. Use smaller batches or images, or dispose of tensors\.$/,
      );
    });
    expect(simd.runtime.maximumBytes).toBe(4 * GIBIBYTE);
    expect(bytes()).toBe(before);
    const x = tf.ones([1024, 1024]);
    const sum = tf.sum(x);
    expect(sum.dataSync()[0]).toBe(2 ** 20);
    tf.dispose([x, sum]);
  });

  test('a tensor that can never fit', () => {
    const simd = backend();
    expect(() => simd.allocate([40_000, 40_000], 'float32')).toThrow(
      'simd: out of memory: a float32 tensor of shape [40000,40000] needs 6103.5 MiB',
    );
  });

  test('a kernel that fails half way leaves nothing behind', () => {
    const runKernel = (name: string, inputs: tf.NamedTensorMap, attributes: object) =>
      tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor | tf.Tensor[];
    const unit = { strides: 1, pad: 'same', dataFormat: 'NHWC' };
    const operations: ((x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor | tf.Tensor[])[] = [
      (x, filter) => tf.conv2d(x, filter, 1, 'same'),
      (x, filter) => tf.conv2d(x, filter, 2, 'same'),
      (dy, filter) => runKernel('Conv2DBackpropInput', { dy, filter }, { inputShape: dy.shape, ...unit }),
      (x, filter) => runKernel('Conv2DBackpropFilter', { x, dy: x }, { filterShape: filter.shape, ...unit }),
      (x) => {
        const [scale, offset] = [tf.ones([16]), tf.zeros([16])];
        return runKernel('BatchNormTraining', { x, scale, offset }, { epsilon: 1e-3, low: 0, high: 6 });
      },
      (x, filter) => {
        const convolve = (x: tf.Tensor, filter: tf.Tensor) =>
          tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'));
        return freeingTape(() => tf.grads((x, f) => convolve(convolve(x, f), f))([x, filter]));
      },
      (x) => tf.softmax(tf.reshape(x, [64, 512])),
      (x) => tf.mean(x, [1, 2]),
      (x) => tf.topk(x, 2).values,
    ];
    const run = (operation: (typeof operations)[number], left: number) => {
      const x = randomTensor<tf.Rank.R4>([2, 32, 32, 16], 1);
      const filter = randomTensor<tf.Rank.R4>([3, 3, 16, 16], 2);
      let message = '';
      withLittleMemory(left, () => {
        try {
          tf.dispose(tf.tidy(() => operation(x, filter)));
        } catch (error) {
          message = (error as Error).message;
        }
      });
      tf.dispose([x, filter]);
      return message;
    };
    for (const operation of operations) {
      run(operation, GIBIBYTE);
      const before = bytes();
      // Failing at every place: with none of the memory it needs, and with more and more of it.
      for (let left = 0, message = 'first'; message !== ''; left = 32 * 1024 + left * 1.25) {
        message = run(operation, left);
        if (message !== '') expect(message).toMatch(/^simd: out of memory: .+ needs \d/);
        expect(left > 0 || message !== '').toBe(true);
        expect(bytes()).toBe(before);
      }
    }
  });

  test('what cannot be derived from a tensor leaves nothing behind, and may be tried again', () => {
    const x = tf.ones([4]);
    const before = bytes();
    const derive = (make: () => void) => backend().derive(x, 'something', 1000, make);
    expect(() =>
      derive(() => {
        throw new Error('no memory');
      }),
    ).toThrow('no memory');
    expect(bytes()).toBe(before);
    const make = jest.fn();
    expect(derive(make)).toBe(derive(make));
    expect(make).toHaveBeenCalledTimes(1);
    x.dispose();
  });

  test('tensors at the very end of the memory: no kernel reads past it', () => {
    const simd = backend();
    withLittleMemory(0, () => undefined); // The memory is as large as it will be.
    const { allocator, memory } = simd.runtime;
    // The last block is the last that fits.
    const hoard: number[] = [];
    for (let size = 2 * GIBIBYTE; size >= 64; size /= 2) {
      for (let address; (address = allocator.allocate(size)) !== undefined;) hoard.push(address);
    }
    const end = Math.max(...hoard) + 64;
    for (const address of hoard) allocator.release(address);
    expect(memory.buffer.byteLength - end).toBeGreaterThanOrEqual(64);
  });
});

test('kernels compute the same with all tensors above 2 GiB, where addresses are negative as signed ones', () => {
  const { allocator } = backend().runtime;
  const compute = () =>
    tf.tidy(() => {
      const x = randomTensor<tf.Rank.R4>([2, 30, 30, 16], 1);
      const filter = randomTensor<tf.Rank.R4>([3, 3, 16, 16], 2);
      const depthwise = randomTensor<tf.Rank.R4>([3, 3, 16, 1], 3);
      const convolve = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.conv2d(
          tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
          ...([filter as tf.Tensor4D, 2, 'same'] as const),
        );
      const rows = tf.reshape(x, [120, 240]);
      return [
        ...tf.grads((x, f) => tf.sigmoid(convolve(x, f)))([x, filter]),
        ...tf.grads((x, f) => tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same'))([
          x,
          depthwise,
        ]),
        tf.conv2d(
          tf.slice(x, [0, 0, 0, 0], [2, 30, 30, 3]),
          tf.slice(filter, [0, 0, 0, 0], [3, 3, 3, 16]),
          2,
          'same',
        ),
        tf.softmax(tf.matMul(rows, rows, false, true)),
        tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 'same'))(x),
        tf.grad((x) => tf.avgPool(x as tf.Tensor4D, 3, 2, 'same'))(x),
        ...[tf.sum(x, [0, 1, 2]), tf.max(x, 3), tf.mean(x, [1, 2])],
        ...[
          tf.transpose(x, [0, 3, 1, 2]),
          tf.concat([x, x], 3),
          tf.pad(x, [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ]),
        ],
        ...[tf.image.resizeBilinear(x, [17, 40]), tf.cos(x)],
      ].map((tensor) => Array.from(tensor.dataSync()));
    });
  const expected = compute();
  const before = bytes();
  const hoard: number[] = [];
  for (let size = GIBIBYTE / 4; size >= 64; size /= 2) {
    let at = allocator.allocate(size)!;
    for (; at < 2 ** 31; at = allocator.allocate(size)!) hoard.push(at);
    allocator.release(at);
  }
  const x = tf.zeros([1]);
  expect(backend().address(x)).toBeGreaterThan(2 ** 31);
  x.dispose();
  expect(compute()).toEqual(expected);
  expect(bytes()).toBeGreaterThan(before);
  for (const address of hoard) allocator.release(address);
});

test('a model built on cpu works after the change to simd, and back', async () => {
  await tf.setBackend('cpu');
  const model = buildResNet(20);
  const images = randomTensor<tf.Rank.R4>([2, 32, 32, 3], 1);
  const read = () => tf.tidy(() => Array.from(model.predict(images).dataSync()));
  const before = read();
  await tf.setBackend('simd');
  const middle = read();
  await tf.setBackend('cpu');
  const after = read();
  // Once on cpu, tensors have been moved there and back without a change.
  expect(after).toEqual(before);
  middle.forEach((value, i) => expect(Math.abs(value - before[i]!)).toBeLessThan(1e-5));
  model.dispose();
  images.dispose();
});

test.each([
  ['float32', [1.5, NaN, -Infinity]],
  ['int32', [1, -2, 3]],
  ['bool', [1, 0, 1]],
  ['string', ['a', 'ö', '']],
] as const)('%s moves between cpu and simd both ways', async (dtype, values) => {
  await tf.setBackend('cpu');
  const x = tf.tensor([...values] as number[], [3], dtype);
  for (const name of ['simd', 'cpu', 'simd']) {
    await tf.setBackend(name);
    const twice = tf.concat([x, x]);
    expect(Array.from(twice.dataSync() as ArrayLike<unknown>)).toEqual([...values, ...values]);
    twice.dispose();
  }
  x.dispose();
});

test('complex64 (which tfjs moves between no backends)', () => {
  const values = tf.tidy(() => {
    const x = tf.complex(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]));
    return Array.from(tf.concat([tf.mul(x, x), x]).dataSync());
  });
  expect(values).toEqual([-8, 6, -12, 16, 1, 3, 2, 4]);
});
