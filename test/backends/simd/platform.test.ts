import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { getThreads, setThreads, type SimdBackend } from '../../../src/backends/simd/index.js';
import { runKernel } from '../../../src/core/kernels.js';
import { randomTensor, valuesOf } from '../../helpers/tensors.js';

const note = jest.spyOn(console, 'info').mockImplementation(() => {});

beforeEach(() => note.mockClear());

/** Starts the backend anew while something is otherwise than in Node. */
async function restart(replace: () => jest.SpyInstance): Promise<void> {
  const factory = tf.findBackendFactory('simd');
  tf.removeBackend('simd');
  tf.registerBackend('simd', factory);
  const replaced = replace();
  await tf.setBackend('simd');
  replaced.mockRestore();
  expect(tf.getBackend()).toBe('simd');
}

/** Without Node's own modules this is a page, and one that is not cross-origin isolated. */
function hideNode(): jest.SpyInstance {
  return jest.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
}

describe('SKIPSCALE_THREADS', () => {
  const { SKIPSCALE_THREADS: before } = process.env;
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
  beforeEach(() => warn.mockClear());
  afterAll(() => {
    process.env.SKIPSCALE_THREADS = before;
    warn.mockRestore();
  });

  /** Threads that the platform starts with, as a program that starts anew sees them. */
  function threads(text: string): number {
    process.env.SKIPSCALE_THREADS = text;
    let fresh: { platform: () => { threads: number } };
    jest.isolateModules(() => (fresh = jest.requireActual('../../../src/backends/simd/platform.js')));
    fresh!.platform();
    return fresh!.platform().threads;
  }

  test.each([
    ['1', 1],
    [' 3 ', 3],
    ['1024', 1024],
  ])("'%s' is taken", (text, count) => {
    expect(threads(text)).toBe(count);
    expect(warn).not.toHaveBeenCalled();
  });

  test.each(['abc', '0', '-1', '1.5', '1e9', '1025', 'NaN', '4 threads'])(
    "'%s' is reported once, and all processors are used",
    (text) => {
      expect(threads(text)).toBe(availableParallelism());
      expect(warn.mock.calls).toEqual([
        [`skipscale: SKIPSCALE_THREADS is '${text}', which is ignored; give a whole number from 1 to 1024.`],
      ]);
    },
  );

  test('empty is as if it were not set', () => {
    expect(threads('')).toBe(availableParallelism());
    expect(warn).not.toHaveBeenCalled();
  });
});

function backend(): SimdBackend {
  return tf.backend() as SimdBackend;
}

/** Something of every kind. */
function compute(): tf.Tensor[] {
  const x = randomTensor<tf.Rank.R4>([2, 30, 30, 16], 1);
  const filter = randomTensor<tf.Rank.R4>([3, 3, 16, 16], 2);
  const depthwise = randomTensor<tf.Rank.R4>([3, 3, 16, 1], 3);
  const convolve = (x: tf.Tensor, filter: tf.Tensor) =>
    tf.conv2d(
      tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
      filter as tf.Tensor4D,
      2,
      'same',
    );
  return [
    convolve(x, filter),
    ...tf.grads((x, f) => tf.mul(tf.sigmoid(convolve(x, f)), 0.1))([x, filter]),
    ...tf.grads((x, f) => tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same'))([x, depthwise]),
    tf.softmax(tf.matMul(tf.reshape(x, [120, 240]), tf.reshape(x, [240, 120]))),
    tf.maxPool(x, 3, 2, 'same'),
    tf.mean(x, [1, 2]),
    tf.exp(x),
  ];
}

async function expectAsCpu(): Promise<void> {
  const run = () => valuesOf(compute);
  const actual = run();
  await tf.setBackend('cpu');
  const expected = run();
  await tf.setBackend('simd');
  actual.forEach((values, i) => {
    const largest = expected[i]!.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    expect(values.findIndex((v, j) => !(Math.abs(v - expected[i]![j]!) < 1e-5 * largest))).toBe(-1);
  });
}

test('an engine without relaxed SIMD takes the other module', async () => {
  await restart(() => jest.spyOn(WebAssembly, 'validate').mockReturnValue(false));
  expect(backend().runtime.relaxed).toBe(false);
  await expectAsCpu();
  expect(note).not.toHaveBeenCalled();
});

describe('in a page that cannot share memory', () => {
  beforeAll(() => restart(hideNode));

  test('one thread computes, and a note says what to do', async () => {
    await restart(hideNode);
    expect(note.mock.calls).toEqual([
      [
        'simd: one thread only, since this page cannot share memory. Serve it with the headers ' +
          'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
      ],
    ]);
    expect(String(backend().runtime.memory.buffer)).toBe('[object ArrayBuffer]');
    expect(getThreads()).toBe(1);
    setThreads(4);
    expect(getThreads()).toBe(1);
    await expectAsCpu();
  });

  test('tensors stay while the memory grows and its views are detached', () => {
    const { memory } = backend().runtime;
    const x = tf.tensor1d([1, 2, 3]);
    const cosine = () => tf.tidy(() => Array.from(tf.cos(x).dataSync())); // One of cpu's kernels, on a view.
    const expected = cosine();
    const size = memory.buffer.byteLength;
    const large = tf.ones([size / 4]);
    expect(memory.buffer.byteLength).toBeGreaterThan(size);
    expect(cosine()).toEqual(expected);
    expect(Array.from(x.dataSync())).toEqual([1, 2, 3]);
    const sum = tf.sum(large);
    expect(sum.dataSync()[0]).toBe(size / 4);
    tf.dispose([x, large, sum]);
  });

  test('a kernel whose own workspace makes the memory grow', () => {
    const { runtime } = backend();
    const x = randomTensor<tf.Rank.R4>([4, 20, 20, 16], 1);
    const [scale, offset] = [tf.ones([16]), tf.zeros([16])];
    const run = () =>
      tf.tidy(() => {
        const attributes = { epsilon: 1e-3, low: -Infinity, high: Infinity };
        const [y, mean, , inverseDeviation] = runKernel(
          'BatchNormTraining',
          { x, scale, offset },
          attributes,
        );
        const inputs = { x, dy: y!, scale, mean: mean!, inverseDeviation: inverseDeviation! };
        const evaluated = tf.batchNorm(x, mean as tf.Tensor1D, tf.square(offset) as tf.Tensor1D);
        return [y!, evaluated, ...runKernel('BatchNormTrainingGrad', inputs, attributes)].map((t) =>
          Array.from(t.dataSync()),
        );
      });
    const expected = run();
    // Fills the memory nearly up to its end, so that this or that allocation of the kernels makes it grow.
    for (const left of [0, 10_000, 50_000, 150_000, 300_000]) {
      const end = runtime.memory.buffer.byteLength;
      const hoard: number[] = [];
      const { allocator } = runtime;
      for (let at = allocator.allocate(64)!; at < end - left - 70_000; at = hoard.at(-1)!) {
        hoard.push(at, allocator.allocate(65_536)!);
      }
      expect(run()).toEqual(expected);
      expect(runtime.memory.buffer.byteLength).toBeGreaterThan(end);
      for (const address of new Set(hoard)) allocator.release(address);
    }
    tf.dispose([x, scale, offset]);
  });
});
