import * as tf from '@tensorflow/tfjs-core';
import { setThreads, type SimdBackend } from '../../../../src/backends/simd/index.js';
import type { NamedVariable } from '../../../../src/core/module.js';
import { Adam, AdamW, LAMB } from '../../../../src/training/optim/adam.js';
import { clipByGlobalNorm, scaledSums } from '../../../../src/training/optim/gradients.js';
import { MovingAverage } from '../../../../src/training/optim/moving-average.js';
import type { Optimizer } from '../../../../src/training/optim/optimizer.js';
import { RMSProp } from '../../../../src/training/optim/rmsprop.js';
import { SGD } from '../../../../src/training/optim/sgd.js';
import { parametersOf, uniform } from '../../parameters.js';

beforeAll(() => tf.setBackend('simd'));

const kernels = ['SGDStep', 'AdamStep', 'RMSPropStep', 'MovingAverageStep', 'LAMBStep'];

/** Sizes around those of a vector and of a chunk. */
const sizes = [1, 3, 4, 6, 16384, 16385, 40003];

/** Three steps, and the bytes of parameters and state after them. */
function bytesAfterSteps(make: (parameters: NamedVariable[]) => Optimizer): Buffer {
  const named = parametersOf(sizes);
  const optimizer = make(named);
  const average = new MovingAverage(named, { decay: 0.9 });
  for (let step = 0; step < 3; step++) {
    tf.tidy(() => {
      const gradients = sizes.map((size, i) => uniform(size, 100 * (step + 1) + i));
      optimizer.step(gradients, 0.1);
    });
    average.update();
  }
  const state = [...optimizer.namedState(), ...average.namedState()].map(([, variable]) => variable);
  const all = [...named.map(({ variable }) => variable), ...state];
  const bytes = Buffer.concat(all.map((v) => Buffer.from(v.dataSync<'float32'>().buffer)));
  optimizer.dispose();
  average.dispose();
  for (const { variable } of named) variable.dispose();
  return bytes;
}

/** Runs without the kernels, so that optimizers compose tfjs's operations. */
function withoutKernels<T>(run: () => T): T {
  const configs = kernels.map((name) => tf.getKernel(name, 'simd'));
  for (const name of kernels) tf.unregisterKernel(name, 'simd');
  try {
    return run();
  } finally {
    for (const config of configs) tf.registerKernel(config);
  }
}

const decays = () => true;
const cases: Record<string, (parameters: NamedVariable[]) => Optimizer> = {
  SGD: (p) => new SGD(p),
  'SGD, decoupled decay': (p) => new SGD(p, { weightDecay: 0.1, decays, decoupled: true }),
  'SGD, momentum': (p) => new SGD(p, { momentum: 0.9, weightDecay: 0.1, decays }),
  'SGD, Nesterov': (p) => new SGD(p, { momentum: 0.9, nesterov: true, weightDecay: 0.1, decays }),
  Adam: (p) => new Adam(p, { weightDecay: 0.1, decays }),
  AdamW: (p) => new AdamW(p, { weightDecay: 0.1, decays }),
  RMSProp: (p) => new RMSProp(p, { weightDecay: 0.1, decays }),
  'RMSProp, no momentum': (p) => new RMSProp(p, { momentum: 0, weightDecay: 0.1, decays, decoupled: true }),
};

test.each(Object.entries(cases))('%s is the same as its composition, bit for bit', (_, make) => {
  const before = tf.memory();
  const run = jest.spyOn((tf.backend() as SimdBackend).runtime, 'run');
  const fused = bytesAfterSteps(make);
  // A job for all parameters, one for their averages, and copies where data were shared.
  const jobs = run.mock.calls.length;
  run.mockRestore();
  expect(fused.equals(withoutKernels(() => bytesAfterSteps(make)))).toBe(true);
  expect(jobs).toBeLessThanOrEqual(3 * 2 + sizes.length);
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
});

test('LAMB is near its composition', () => {
  const make = (p: NamedVariable[]) =>
    new LAMB(p, { weightDecay: 0.1, decays: ({ name }) => !name.endsWith('0') });
  const floats = (bytes: Buffer) => new Float32Array(Uint8Array.from(bytes).buffer);
  const fused = floats(bytesAfterSteps(make));
  const composed = floats(withoutKernels(() => bytesAfterSteps(make)));
  const far = composed.findIndex(
    (value, i) => !(Math.abs(value - fused[i]!) <= 1e-6 * Math.max(1, Math.abs(value))),
  );
  expect(far).toBe(-1);
});

test('the global norm and sums of many tensors take one call each', () => {
  const before = tf.memory().numTensors;
  const run = jest.spyOn((tf.backend() as SimdBackend).runtime, 'run');
  const tensors = sizes.map((size, i) => uniform(size, i));
  const others = sizes.map((size, i) => uniform(size, 100 + i));
  const { gradients, norm } = clipByGlobalNorm(tensors, 1);
  const sums = scaledSums(tensors, 0.25, others);
  expect(run.mock.calls.length).toBeLessThan(sizes.length);
  run.mockRestore();
  const squares = tensors.map((t) => t.dataSync<'float32'>().reduce((sum, v) => sum + v * v, 0));
  const expected = Math.sqrt(squares.reduce((a, b) => a + b));
  expect(norm.dataSync()[0]! / expected).toBeCloseTo(1, 6);
  gradients.forEach((gradient, i) => {
    const factor = Math.fround(1 / (expected + 1e-6));
    const [actual, from] = [gradient.dataSync(), tensors[i]!.dataSync()];
    expect(actual.findIndex((v, j) => !(Math.abs(v - from[j]! * factor) <= 1e-9))).toBe(-1);
  });
  sums.forEach((sum, i) => {
    const same = tf.tidy(() => tf.add(others[i]!, tf.mul(tensors[i]!, 0.25)).dataSync());
    expect(Buffer.from(sum.dataSync().buffer).equals(Buffer.from(same.buffer))).toBe(true);
  });
  tf.dispose([tensors, others, gradients, norm, sums]);
  expect(tf.memory().numTensors).toBe(before);
});

test('three threads find what one does', async () => {
  const one = bytesAfterSteps(cases['AdamW']!);
  setThreads(3);
  await (tf.backend() as SimdBackend).started();
  expect(bytesAfterSteps(cases['AdamW']!).equals(one)).toBe(true);
  setThreads(1);
});

/** A step of plain SGD at rate 1 with a gradient of ones. */
function subtractOne(variable: tf.Variable): void {
  tf.tidy(() => new SGD([{ name: 'w', variable } as NamedVariable]).step([tf.onesLike(variable)], 1));
}

test('a variable changes where it lies, unless another tensor has the same data', () => {
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
  const { dataId } = variable;
  subtractOne(variable);
  expect(variable.dataId).toBe(dataId);
  const clone = tf.clone(variable);
  const reshaped = tf.reshape(variable, [3, 1]);
  subtractOne(variable);
  expect(Array.from(variable.dataSync())).toEqual([-1, 0, 1]);
  expect(Array.from(clone.dataSync())).toEqual([0, 1, 2]);
  expect(Array.from(reshaped.dataSync())).toEqual([0, 1, 2]);
  tf.dispose([variable, clone, reshaped]);
});

test('packed weights follow', () => {
  const before = tf.memory().numTensors;
  const bytes = () => (tf.backend() as SimdBackend).memory().numBytesAllocated;
  const x = tf.ones<tf.Rank.R4>([1, 2, 2, 4]);
  const filter = tf.tidy(() => tf.variable(tf.fill<tf.Rank.R4>([1, 1, 4, 8], 2)));
  const sum = () => tf.tidy(() => tf.conv2d(x, filter, 1, 'valid').dataSync()[0]);
  expect(sum()).toBe(8);
  const held = bytes();
  subtractOne(filter);
  expect(bytes()).toBeLessThan(held);
  expect(sum()).toBe(4);
  expect(bytes()).toBe(held);
  tf.dispose([x, filter]);
  expect(tf.memory().numTensors).toBe(before);
});

test('a variable of another backend comes over', async () => {
  await tf.setBackend('cpu');
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const clone = tf.clone(variable);
  await tf.setBackend('simd');
  subtractOne(variable);
  expect(Array.from(variable.dataSync())).toEqual([0, 1]);
  expect(Array.from(clone.dataSync())).toEqual([1, 2]);
  tf.dispose([variable, clone]);
});
