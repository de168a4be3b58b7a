import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';
import { allOrNothing } from '../../src/core/build.js';
import { Module, type AnyModule } from '../../src/core/module.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { Dense } from '../../src/layers/dense.js';
import { DepthwiseConv2D } from '../../src/layers/depthwise-conv2d.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { buildModel } from '../../src/models/build-model.js';
import type { SimdBackend } from '../../src/backends/simd/backend.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import { warmUp } from '../../src/models/warm-up.js';
import { arrayDataset } from '../../src/training/data/array-dataset.js';
import { evaluate } from '../../src/training/evaluate.js';
import { classify } from '../../src/vision/classify.js';
import { preprocess } from '../../src/vision/preprocess.js';
import { load } from '../../src/weights/load.js';
import { exportOnnx } from '../../src/weights/onnx/export.js';
import { encode } from '../../src/weights/encode.js';
import { outOfMemory, outOfMemoryAtEach } from '../helpers/out-of-memory.js';
import { randomTensor } from '../helpers/tensors.js';

const tiny = { width: 0.1, depth: 0.3, size: 32, dropout: 0.2 };
const efficientNet = (seed = 0) => buildEfficientNet(tiny, { classes: 3, seed });
const resNet = (seed = 0) => buildResNet(20, { width: 0.2, classes: 3, convention: 'torchvision', seed });
const picture = { width: 40, height: 36, data: new Uint8Array(40 * 36 * 3).fill(99) };
const data = arrayDataset([picture, picture], [0, 2], ['a', 'b', 'c']);
const random = () => new Random(0);

function valuesOf(model: ImageClassifier) {
  return [...model.namedVariables()].map(({ name, variable }) => [name, Array.from(variable.dataSync())]);
}

/** What a model is made of and gives; equal where nothing of it has changed. */
function stateOf(model: ImageClassifier) {
  const images = randomTensor<tf.Rank.R4>([1, 32, 32, 3], 3);
  const logits = model.predict(images);
  const state = {
    values: valuesOf(model),
    logits: Array.from(logits.dataSync()),
    labels: model.labels,
    classes: model.classes,
  };
  tf.dispose([images, logits]);
  return state;
}

/** Attempts `work` with memory out at every step-th request; nothing is left but its result, which `free` frees. */
async function leavesNothing<T>(work: () => T | Promise<T>, free?: (result: T) => void, step = 1) {
  const { numTensors } = tf.memory();
  const failures = await outOfMemoryAtEach(async () => {
    try {
      const result = await work();
      free?.(result);
    } catch (error) {
      expect(String(error)).toMatch(outOfMemory);
    }
    expect(tf.memory().numTensors).toBe(numTensors);
  }, step);
  expect(failures).toBeGreaterThan(0);
}

beforeAll(async () => {
  expect(await ready({ backend: 'simd' })).toBe('simd');
  // Some memory is the backend's own from its first use on.
  const model = resNet();
  tf.dispose(model.predict(randomTensor<tf.Rank.R4>([1, 32, 32, 3], 3)));
  model.dispose();
  tf.disposeVariables();
});

describe('a build that runs out of memory leaves no tensor behind', () => {
  const dispose = (module: AnyModule) => module.dispose();

  test.each<[string, () => AnyModule]>([
    ['buildResNet', () => buildResNet(18, { width: 0.1, classes: 3 })],
    ['buildResNet of CIFAR', () => resNet()],
    ['buildEfficientNet', () => efficientNet()],
    ['buildModel', () => buildModel('resnet20')],
    ['Conv2D', () => new Conv2D({ inChannels: 3, filters: 4, kernelSize: 3, bias: true, random: random() })],
    [
      'DepthwiseConv2D',
      () => new DepthwiseConv2D({ channels: 3, kernelSize: 3, bias: true, random: random() }),
    ],
    ['Dense', () => new Dense({ inFeatures: 3, units: 4, random: random() })],
    [
      'BatchNorm',
      () => new BatchNorm({ channels: 3, epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' }),
    ],
  ])('%s', async (name, build) => {
    await leavesNothing(build, dispose, 1 + (name.startsWith('build') ? 6 : 0));
  });

  test('a module of the user, by allOrNothing', async () => {
    class Own extends Module {
      readonly scale = tf.tidy(() => tf.variable(tf.ones([3])));
      readonly convolutions = [1, 2].map(
        () => new Conv2D({ inChannels: 3, filters: 3, kernelSize: 1, random: random() }),
      );
      override forward(x: tf.Tensor4D): tf.Tensor4D {
        return x;
      }
    }
    await leavesNothing(() => allOrNothing(() => new Own()), dispose);
  });

  test('load', async () => {
    const model = efficientNet();
    const bytes = await encode(model);
    model.dispose();
    await leavesNothing(() => load(bytes), dispose, 23);
  });
});

test('what allOrNothing frees was made within it', () => {
  const before = tf.tidy(() => tf.variable(tf.ones([2])));
  let within: tf.Variable | undefined;
  const build = () =>
    allOrNothing(() => {
      within = allOrNothing(() => tf.tidy(() => tf.variable(tf.ones([2]))));
      throw new Error('so');
    });
  expect(build).toThrow('so');
  expect([before.isDisposed, within!.isDisposed]).toEqual([false, true]);
  before.dispose();
});

describe.each([
  ['ResNet', resNet],
  ['EfficientNet', efficientNet],
])('of a %s that runs out of memory nothing is left, and the model stays as it was', (_, build) => {
  let model: ImageClassifier;
  let tensors: number;
  beforeEach(() => {
    tensors = tf.memory().numTensors;
    model = build(1);
    model.labels = ['a', 'b', 'c'];
  });
  afterEach(() => {
    model.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('fuse: all batch norms or none', async () => {
    const before = stateOf(model);
    const { numTensors } = tf.memory();
    const failures = await outOfMemoryAtEach(() => {
      try {
        model.fuse();
      } catch (error) {
        expect(String(error)).toMatch(outOfMemory);
        expect(tf.memory().numTensors).toBe(numTensors);
      }
    });
    expect(failures).toBeGreaterThan(20);
    const { logits } = stateOf(model);
    logits.forEach((logit, i) => expect(logit).toBeCloseTo(before.logits[i]!, 4));
  });

  test('fuse that fails', async () => {
    const before = stateOf(model);
    const { allocator } = (tf.backend() as SimdBackend).runtime;
    const allocate = allocator.allocate.bind(allocator);
    let requests = 0;
    const spy = jest
      .spyOn(allocator, 'allocate')
      .mockImplementation((bytes) => (++requests > 40 ? undefined : allocate(bytes)));
    expect(() => model.fuse()).toThrow(outOfMemory);
    spy.mockRestore();
    expect(stateOf(model)).toEqual(before);
  });

  test('resetHead', async () => {
    const before = valuesOf(model);
    const { numTensors } = tf.memory();
    const failures = await outOfMemoryAtEach(() => {
      try {
        model.resetHead(5);
      } catch (error) {
        expect(String(error)).toMatch(outOfMemory);
        expect([tf.memory().numTensors, model.classes]).toEqual([numTensors, 3]);
        expect(valuesOf(model)).toEqual(before);
      }
    });
    expect([failures > 1, model.classes]).toEqual([true, 5]);
  });

  test.each<[string, (model: ImageClassifier) => unknown, step?: number]>([
    ['predict', (model) => tf.tidy(() => void model.predict(tf.zeros([1, 32, 32, 3])))],
    ['features', (model) => tf.tidy(() => void model.features(tf.zeros([1, 32, 32, 3])))],
    ['warmUp', (model) => warmUp(model)],
    [
      'preprocess',
      (model) => preprocess([picture, picture], model.preprocessing).then((x) => x.dispose()),
      1,
    ],
    ['classify', (model) => classify(model, [picture, picture], { batchSize: 1, top: 1 }), 7],
    ['evaluate', (model) => evaluate(model, data, { batchSize: 1 }), 7],
    ['encode', (model) => encode(model)],
    ['exportOnnx', (model) => exportOnnx(model)],
  ])('%s', async (_, work, step = 5) => {
    const before = stateOf(model);
    await leavesNothing(() => work(model), undefined, step);
    expect(stateOf(model)).toEqual(before);
  });

  test('load: all of it or nothing', async () => {
    const other = build(2);
    other.labels = ['d', 'e', 'f'];
    const [bytes, after] = [await encode(other), stateOf(other)];
    other.dispose();
    const before = stateOf(model);
    const { numTensors } = tf.memory();
    await outOfMemoryAtEach(async () => {
      try {
        await load(model, bytes);
      } catch (error) {
        expect(String(error)).toMatch(outOfMemory);
        expect(tf.memory().numTensors).toBe(numTensors);
        expect(valuesOf(model)).toEqual(before.values);
        expect(model.labels).toEqual(before.labels);
      }
    }, 31);
    expect(stateOf(model)).toEqual(after);
  });
});
