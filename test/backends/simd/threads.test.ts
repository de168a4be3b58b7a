import { spawn } from 'node:child_process';
import { ArgumentError } from '../../../src/core/errors.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { build } from 'esbuild';
import { getThreads, setThreads, type SimdBackend } from '../../../src/backends/simd/index.js';
import { Random } from '../../../src/core/random.js';
import { runKernel } from '../../../src/core/kernels.js';
import { SqueezeExcite } from '../../../src/layers/squeeze-excite.js';
import { buildEfficientNet } from '../../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../../src/models/image-classifier.js';
import { buildResNet } from '../../../src/models/resnet.js';
import { randomTensor, valuesOf } from '../../helpers/tensors.js';

const root = join(__dirname, '..', '..', '..');

beforeAll(async () => {
  await tf.setBackend('simd');
  // Workers start on the side; until then the calling thread works alone.
  setThreads(3);
  await (tf.backend() as SimdBackend).runtime.started();
});

afterEach(() => {
  setThreads(3);
  expect(tf.memory().numTensors).toBe(0);
});

/** Whether two lists of floats have the same bits. */
function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );
}

/** Checks that an operation computes the same bits with one thread as with two and three, time after time. */
function expectSameBits(operation: () => tf.Tensor | tf.Tensor[], counts = [2, 3, 2, 3, 3]): void {
  const run = (threads: number) => {
    setThreads(threads);
    return valuesOf(operation);
  };
  const alone = run(1);
  expect(alone.every((values) => values.some((v) => v !== 0))).toBe(true);
  for (const threads of counts) {
    const together = run(threads);
    expect([threads, alone.map((values, i) => sameBits(values, together[i]!))]).toEqual([
      threads,
      alone.map(() => true),
    ]);
  }
}

const random = (...shape: number[]) => randomTensor<tf.Rank.R4>(shape as [number, number, number, number], 1);

/** Large enough that each job has many chunks. */
const operations: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  'convolution by 1': () => tf.conv2d(random(2, 28, 28, 64), random(1, 1, 64, 100), 1, 'valid'),
  'convolution by 3, stride 2': () => tf.conv2d(random(2, 29, 29, 33), random(3, 3, 33, 40), 2, 'same'),
  'convolution of few channels': () => tf.conv2d(random(2, 64, 64, 3), random(7, 7, 3, 32), 2, 'same'),
  'convolution by Winograd, many tiles': () =>
    tf.conv2d(random(2, 50, 50, 32), random(3, 3, 32, 32), 1, 'same'),
  'convolution by Winograd, few tiles': () =>
    tf.conv2d(random(1, 14, 14, 64), random(3, 3, 64, 64), 1, 'same'),
  'gradients of a convolution': () => convolutionGradients(3, 2, 24),
  'gradients of a convolution by Winograd': () => convolutionGradients(3, 1, 32),
  'gradients of a convolution by 1': () => convolutionGradients(1, 1, 48),
  'grouped convolution': () =>
    runKernel(
      'GroupedConv2D',
      { x: random(2, 29, 29, 96), filter: random(3, 3, 12, 96) },
      { strides: 2, pad: 'same', groups: 8, activation: 'swish' },
    ),
  'gradients of a grouped convolution': () => {
    const attributes = { strides: 2, pad: 'same', groups: 24 };
    const [x, filter, dy] = [random(4, 40, 40, 96), random(3, 3, 4, 96), random(4, 20, 20, 96)];
    const { shape: inputShape } = x;
    return [
      runKernel('GroupedConv2DBackpropInput', { dy, filter }, { ...attributes, inputShape }),
      runKernel('GroupedConv2DBackpropFilter', { x, dy }, { ...attributes, filterShape: filter.shape }),
    ];
  },
  'depthwise convolution': () => tf.depthwiseConv2d(random(2, 40, 40, 36), random(5, 5, 36, 1), 1, 'same'),
  'gradients of a depthwise convolution': () =>
    tf.grads((x, f) => tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, 2, 'same'))(
      [random(4, 40, 40, 37), random(5, 5, 37, 1)],
      random(4, 20, 20, 37),
    ),
  'product of matrices': () => tf.matMul(randomTensor([100, 700], 1), randomTensor([700, 130], 2)),
  'batch norm of training and its gradient': () => {
    const [x, dy] = [random(4, 30, 30, 50), random(4, 30, 30, 50)];
    const [scale, offset] = [tf.ones([50]), tf.zeros([50])];
    const attributes = { epsilon: 1e-3, low: 0, high: 6 };
    const forward = runKernel('BatchNormTraining', { x, scale, offset }, attributes);
    const [y, mean, , inverseDeviation] = forward as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    return [
      ...forward,
      ...runKernel('BatchNormTrainingGrad', { x, dy, y, scale, mean, inverseDeviation }, attributes),
    ];
  },
  'batch norm of training with swish and its gradient': () => {
    const [x, dy] = [random(4, 30, 30, 50), random(4, 30, 30, 50)];
    const [scale, offset] = [randomTensor([50], 2), randomTensor([50], 3)];
    const running = { runningMean: tf.zeros([50]), runningVariance: tf.ones([50]) };
    const attributes = { epsilon: 1e-3, low: -Infinity, high: Infinity, swish: 1 };
    const forward = runKernel(
      'BatchNormTraining',
      { x, scale, offset, ...running },
      { ...attributes, momentum: 0.9, unbiased: 1 },
    );
    const [, mean, , inverseDeviation] = forward as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const inputs = { x, dy, scale, offset, mean, inverseDeviation };
    return [...forward, ...runKernel('BatchNormTrainingGrad', inputs, { ...attributes, shortcut: 0 })];
  },
  'squeeze-excitation and its gradient': () => {
    const layer = new SqueezeExcite({
      channels: 50,
      squeezeChannels: 12,
      activation: 'swish',
      random: new Random(1),
    });
    const forward = (x: tf.Tensor) => layer.forward(x as tf.Tensor4D);
    const inputs = [random(4, 30, 30, 50), ...layer.variables()];
    const { value, grads } = tf.valueAndGrads(forward)(inputs, random(4, 30, 30, 50));
    layer.dispose();
    return [value, ...grads];
  },
  reductions: () => {
    const x = random(8, 40, 40, 30);
    return [tf.sum(x), tf.sum(x, [0, 1, 2]), tf.mean(x, [1, 2]), tf.max(x, [3]), tf.sum(x, [3])];
  },
  softmax: () => tf.softmax(randomTensor([100, 1000], 1)),
  pooling: () => {
    const x = random(4, 40, 40, 30);
    return [tf.maxPool(x, 3, 2, 'same'), tf.avgPool(x, 3, 2, 'same')];
  },
  'gradients of pooling': () => {
    const [x, dy] = [random(4, 40, 40, 30), random(4, 20, 20, 30)];
    const gradient = (pool: typeof tf.maxPool) => tf.grad((x) => pool(x as tf.Tensor4D, 3, 2, 'same'))(x, dy);
    return [gradient(tf.maxPool), gradient(tf.avgPool)];
  },
  'element-wise operations and moves': () => {
    const x = random(4, 40, 40, 30);
    return [
      ...[tf.add(x, randomTensor([30], 2)), tf.sigmoid(x), tf.relu(x), runKernel('Swish', { x })],
      ...[tf.transpose(x, [0, 3, 1, 2]), tf.concat([x, x], 3), tf.slice(x, [1, 1, 1, 1], [2, 38, 38, 28])],
    ];
  },
};

function convolutionGradients(kernel: number, stride: number, channels: number): tf.Tensor[] {
  const x = random(4, 20, 20, channels);
  const filter = random(kernel, kernel, channels, 40);
  const dy = random(4, 20 / stride, 20 / stride, 40);
  return tf.grads((x, f) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, stride, 'same'))([x, filter], dy);
}

test.each(Object.entries(operations))(
  'one thread and several compute the same bits: %s',
  (_name, operation) => {
    expectSameBits(operation);
  },
);

test.each([
  ['ResNet-20', () => buildResNet(20), 32],
  ['EfficientNet-B0', () => buildEfficientNet(0, { classes: 10 }), 32],
] as [string, () => ImageClassifier, number][])(
  'two steps of training end in the same bits: %s',
  (_name, create, size) => {
    expectSameBits(() => {
      const model = create();
      const images = random(2, size, size, 3);
      const labels = tf.oneHot(tf.tensor1d([0, 1], 'int32'), 10);
      const optimizer = tf.train.sgd(0.05);
      for (let step = 0; step < 2; step++) {
        optimizer.minimize(() => {
          const logits = model.forward(images, { training: true, random: new Random(step) });
          return tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
        });
      }
      const state = model.variables().map((variable) => tf.clone(variable));
      optimizer.dispose();
      model.dispose();
      return state;
    }, [2, 3]);
  },
);

describe('setThreads', () => {
  test('sets what getThreads tells', () => {
    setThreads(2);
    expect(getThreads()).toBe(2);
    setThreads(1);
    expect(getThreads()).toBe(1);
  });

  test.each([0, -1, 1.5, NaN, Infinity])('refuses %p', (threads) => {
    expect(() => setThreads(threads)).toThrow(
      new ArgumentError(`setThreads got ${threads}; give a whole number from 1 to 1024.`),
    );
    expect(getThreads()).toBe(3);
  });

  test('wants the backend to be the current one', async () => {
    await tf.setBackend('cpu');
    const message = "The backend is 'cpu'; call tf.setBackend('simd') first.";
    expect(() => setThreads(2)).toThrow(message);
    expect(() => getThreads()).toThrow(message);
    await tf.setBackend('simd');
  });

  test('changes between any two jobs', () => {
    const x = random(1, 40, 40, 16);
    const filter = random(3, 3, 16, 17);
    const run = () => valuesOf(() => tf.conv2d(x, filter, 1, 'same'))[0]!;
    const expected = run();
    for (let i = 0; i < 200; i++) {
      setThreads(1 + (i % 3));
      expect(sameBits(run(), expected)).toBe(true);
    }
    tf.dispose([x, filter]);
  });
});

describe('a Node process', () => {
  let folder: string;

  beforeAll(() => {
    // Below the repository, so that the bundle finds its packages.
    folder = mkdtempSync(join(root, 'node_modules', '.simd-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs a program with Node and resolves with what it printed; it must end by itself. */
  async function run(name: string, program: string, ...args: string[]): Promise<string> {
    const outfile = join(folder, `${name}.cjs`);
    await build({
      stdin: { contents: program, resolveDir: join(root, 'src'), loader: 'ts' },
      ...{ bundle: true, platform: 'node', format: 'cjs', outfile, logLevel: 'error' },
      packages: 'external',
    });
    const child = spawn(process.execPath, [...args, outfile], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (errors += data));
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    const ending = await new Promise((resolve) =>
      child.on('exit', (code, signal) => resolve(code ?? signal)),
    );
    clearTimeout(timer);
    expect([ending, errors]).toEqual([0, '']);
    return output.trim();
  }

  const use = `
    import * as tf from '@tensorflow/tfjs-core';
    import { getThreads, setThreads } from './backends/simd/index.js';
    async function use() {
      await tf.setBackend('simd');
      setThreads(4);
      const x = tf.ones([1, 33, 33, 16]);
      const y = tf.conv2d(x, tf.ones([3, 3, 16, 32]), 2, 'valid');
      // Workers have time to start and to sleep.
      await new Promise((resolve) => setTimeout(resolve, 300));
      const sum = tf.sum(tf.conv2d(y, tf.ones([1, 1, 32, 2]), 1, 'valid')).dataSync()[0];
      return [tf.getBackend(), getThreads(), sum].join(' ');
    }
  `;
  // Pixels, taps, channels and filters; all partial sums are whole numbers that floats can tell apart.
  const sum = 16 * 16 * 9 * 16 * 32 * 2;

  test('ends by itself while its threads sleep', async () => {
    expect(await run('ends', `${use} use().then(console.log);`)).toBe(`simd 4 ${sum}`);
  });

  test('ends by itself when it never uses the backend', async () => {
    expect(await run('unused', `import './backends/simd/index.js'; console.log('unused');`)).toBe('unused');
  });

  test('ends by itself when the backend is removed', async () => {
    const program = `${use} use().then((result) => { tf.removeBackend('simd'); console.log(result); });`;
    expect(await run('removed', program)).toBe(`simd 4 ${sum}`);
  });

  test('may use it within workers of its own, each with a memory of its own', async () => {
    const program = `${use}
      import { isMainThread, parentPort, Worker } from 'node:worker_threads';
      if (isMainThread) {
        const start = () => new Promise((resolve, reject) => {
          const worker = new Worker(__filename);
          worker.once('message', resolve);
          worker.once('error', reject);
        });
        Promise.all([start(), start(), use()]).then((results) => console.log(results.join('; ')));
      } else {
        use().then((result) => parentPort.postMessage(result));
      }
    `;
    const one = `simd 4 ${sum}`;
    expect(await run('workers', program)).toBe([one, one, one].join('; '));
  });
});
