import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../../src/core/context.js';
import { ArgumentError } from '../../src/core/errors.js';
import { Module } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import { warmUp } from '../../src/models/warm-up.js';
import { arrayDataset } from '../../src/training/data/array-dataset.js';
import { evaluate } from '../../src/training/evaluate.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { train } from '../../src/training/train.js';
import { classify } from '../../src/vision/classify.js';
import { load } from '../../src/weights/load.js';
import { exportOnnx } from '../../src/weights/onnx/export.js';
import { encode } from '../../src/weights/encode.js';

const picture = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(99) };
const data = arrayDataset(
  Array.from({ length: 6 }, () => picture),
  [0, 1, 0, 1, 0, 1],
  ['a', 'b'],
);
const resNet = () => buildResNet(20, { width: 0.2, classes: 2, convention: 'keras' });
const efficientNet = () =>
  buildEfficientNet({ width: 0.1, depth: 0.3, size: 32, dropout: 0 }, { classes: 2, convention: 'keras' });
const disposed =
  /^This (resnet20|efficientnet\S*) was disposed of, and its weights are gone; build it again\.$/;

/** Takes every step of a training. */
async function trainAll(model: ImageClassifier) {
  for await (const event of train(model, data, { epochs: 1, batchSize: 2, schedule: constantSchedule(0.01) }))
    void event;
}

const uses: [string, (model: ImageClassifier, bytes: Uint8Array) => unknown][] = [
  ['predict', (model) => tf.tidy(() => model.predict(tf.zeros([1, 32, 32, 3])))],
  ['forward', (model) => tf.tidy(() => model.forward(tf.zeros([1, 32, 32, 3]), evaluation))],
  ['features', (model) => tf.tidy(() => void model.features(tf.zeros([1, 32, 32, 3])))],
  ['fuse', (model) => model.fuse()],
  ['resetHead', (model) => model.resetHead(3)],
  ['variables', (model) => model.variables()],
  ['encode', (model) => encode(model)],
  ["encode as Keras's", (model) => encode(model, { format: 'weights.h5' })],
  ['exportOnnx', (model) => exportOnnx(model)],
  ['load', (model, bytes) => load(model, bytes)],
  ['classify', (model) => classify(model, picture)],
  ['evaluate', (model) => evaluate(model, data)],
  ['warmUp', (model) => warmUp(model)],
  ['train', trainAll],
];

beforeAll(() => ready());
afterEach(() => expect(tf.memory().numTensors).toBe(0));

describe.each([
  ['ResNet', resNet],
  ['EfficientNet', efficientNet],
])('a %s that was disposed of', (_, build) => {
  test.each(uses)('%s says so', async (_, use) => {
    const model = build();
    const bytes = await encode(model);
    model.dispose();
    const error = await (async () => use(model, bytes))().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(disposed);
  });

  test('may be disposed of again, asked for its sizes, and frozen', () => {
    const model = build();
    const other = build();
    const { numTensors } = tf.memory();
    model.dispose();
    const left = tf.memory().numTensors;
    expect(left).toBe(numTensors / 2);
    model.dispose();
    model.removeHead();
    model.freeze('stem');
    model.unfreeze();
    expect(model.describe().parameters).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(left);
    other.dispose();
  });
});

describe('disposed of during', () => {
  /** Disposes of the model as soon as the work waits for the n-th time. */
  function afterTurns(model: ImageClassifier, turns: number) {
    const turn = (n: number) => {
      if (n === 0) model.dispose();
      else setImmediate(turn, n - 1);
    };
    setImmediate(turn, turns);
  }

  test.each<[string, (model: ImageClassifier, dispose: () => void) => Promise<unknown>]>([
    ['classify', (model, onProgress) => classify(model, [picture, picture], { batchSize: 1, onProgress })],
    ['evaluate', (model, onProgress) => evaluate(model, data, { batchSize: 1, onProgress })],
    ['warmUp', (model, onProgress) => warmUp(model, { onProgress })],
  ])('%s: it says so', async (_, use) => {
    const model = resNet();
    await expect(use(model, () => model.dispose())).rejects.toThrow(disposed);
  });

  test.each<[string, (model: ImageClassifier) => Promise<unknown>]>([
    ['classify', (model) => classify(model, [picture, picture], { batchSize: 1 })],
    ['evaluate', (model) => evaluate(model, data, { batchSize: 1 })],
    ['warmUp', (model) => warmUp(model)],
    ['encode', (model) => encode(model)],
    ['exportOnnx', (model) => exportOnnx(model)],
    ['train', trainAll],
  ])('%s, at whatever time: it passes or says so', async (_, use) => {
    for (let turns = 0; turns < 8; turns++) {
      const model = resNet();
      afterTurns(model, turns);
      const error = await use(model).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error !== undefined) {
        expect(error).toBeInstanceOf(ArgumentError);
        expect((error as Error).message).toMatch(/was disposed of/);
      }
      model.dispose();
      expect(tf.memory().numTensors).toBe(0);
    }
  });

  test.each<[string, (model: ImageClassifier) => Promise<unknown>]>([
    ['encode', (model) => encode(model)],
    ['exportOnnx', (model) => exportOnnx(model)],
  ])('%s, between two weights', async (_, use) => {
    const model = resNet();
    const first = model.variables()[0]!;
    const read = jest.spyOn(Object.getPrototypeOf(first), 'data').mockImplementation(async () => {
      model.dispose();
      return new Float32Array(first.size);
    });
    const error = await use(model).catch((error: unknown) => error);
    read.mockRestore();
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(/was disposed of/);
    model.dispose();
  });
});

test('a part that was disposed of names itself, and the rest is freed with the model', () => {
  const model = resNet();
  model.stages[1]![0]!.dispose();
  expect(() => tf.tidy(() => model.predict(tf.zeros([1, 32, 32, 3])))).toThrow(
    /^This ResidualBlock was disposed of, and its weights are gone; build it again\.$/,
  );
  expect(() => model.fuse()).toThrow(/^This ResidualBlock was disposed of/);
  model.dispose();
  expect(() => tf.tidy(() => model.predict(tf.zeros([1, 32, 32, 3])))).toThrow(/was disposed of/);
});

test('a module of the user, and layers alone', () => {
  class Own extends Module {
    readonly scale = tf.tidy(() => tf.variable(tf.ones([3])));
    readonly convolution = new Conv2D({ inChannels: 3, filters: 3, kernelSize: 1, random: new Random(0) });
    override forward(x: tf.Tensor4D): tf.Tensor4D {
      return tf.tidy(() => tf.mul(this.convolution.forward(x), this.scale));
    }
  }
  const module = new Own();
  module.dispose();
  module.dispose();
  const x = tf.zeros<tf.Rank.R4>([1, 2, 2, 3]);
  for (const use of [
    () => module.forward(x),
    () => module.convolution.forward(x),
    () => module.variables(),
  ]) {
    expect(use).toThrow(
      new ArgumentError('This Own was disposed of, and its weights are gone; build it again.'),
    );
  }
  x.dispose();
});

test('two modules that share a variable free it once', () => {
  const [one, two] = [resNet(), resNet()];
  const shared = two.head!.weight;
  shared.dispose();
  Object.assign(two.head!, { weight: one.head!.weight });
  one.dispose();
  two.dispose();
});

describe('instead of a model', () => {
  const advice = 'give a Module, such as buildResNet makes, or one of your class.';
  const uses: [string, (model: never) => unknown][] = [
    ['classify', (model) => classify(model, picture)],
    ['evaluate', (model) => evaluate(model, data)],
    ['warmUp', (model) => warmUp(model)],
    ['encode', (model) => encode(model)],
    ['exportOnnx', (model) => exportOnnx(model)],
    ['load', (model) => load(model, new Uint8Array())],
    ['train', (model) => trainAll(model)],
  ];

  test.each(uses)('%s is given a promise: it says to await it', async (name, use) => {
    const promise = Promise.resolve({});
    await expect((async () => use(promise as never))()).rejects.toThrow(
      new ArgumentError(`${name}: the model is a promise (await it); ${advice}`),
    );
  });

  test.each(uses)('%s is given nothing', async (name, use) => {
    for (const [model, shown] of [
      [undefined, 'undefined'],
      [null, 'null'],
      ['resnet50', "the string 'resnet50'"],
      [{}, 'an object'],
    ] as const) {
      await expect((async () => use(model as never))()).rejects.toThrow(
        `${name}: the model is ${shown}; ${advice}`,
      );
    }
  });
});

describe('instead of images', () => {
  let model: ImageClassifier;
  beforeEach(() => void (model = resNet()));
  afterEach(() => tf.disposeVariables());

  test.each<[string, () => unknown, string]>([
    [
      'integers',
      () => tf.zeros([1, 32, 32, 3], 'int32'),
      "resnet20 got images of type int32; give float32: pixels through preprocessInput, or tf.cast(images, 'float32').",
    ],
    ['truths', () => tf.zeros([1, 32, 32, 3], 'bool'), 'resnet20 got images of type bool; give float32'],
    [
      'complex numbers',
      () => tf.complex(tf.zeros([1, 32, 32, 3]), tf.zeros([1, 32, 32, 3])),
      'resnet20 got images of type complex64; give float32',
    ],
    [
      'one image',
      () => tf.zeros([32, 32, 3]),
      'resnet20 got images of shape [32,32,3]; give [N, height, width, 3].',
    ],
    [
      'a promise',
      () => Promise.resolve(),
      'resnet20 got a promise (await it); give images as a tensor [N, height',
    ],
    ['nothing', () => undefined, 'resnet20 got undefined; give images as a tensor [N, height, width, 3]'],
    ['a picture', () => picture, 'resnet20 got an object; give images as a tensor'],
    [
      'images that are gone',
      () => {
        const images = tf.zeros([1, 32, 32, 3]);
        images.dispose();
        return images;
      },
      'resnet20 got images that were disposed of; dispose of them after.',
    ],
  ])('predict, forward and features are given %s', (_, images, message) => {
    for (const use of ['predict', 'forward', 'features'] as const) {
      expect(() => tf.tidy(() => void model[use as 'forward'](images() as never, evaluation))).toThrow(
        message,
      );
    }
  });
});
