import * as tf from '@tensorflow/tfjs-core';
import { cutMix, mixup } from '../../src/training/data/mix.js';
import type { Dataset } from '../../src/training/data/dataset.js';
import { split, subset } from '../../src/training/data/parts.js';
import { fineTune, type FineTuneOptions } from '../../src/training/fine-tune.js';
import { softmaxCrossEntropy } from '../../src/training/losses.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { SGD } from '../../src/training/optim/sgd.js';
import { train, type ImageTrainOptions } from '../../src/training/train.js';
import { colorJitter } from '../../src/vision/augment/color.js';
import { randomErasing } from '../../src/vision/augment/erase.js';
import { randomFlip } from '../../src/vision/augment/flip.js';
import { tinyData, tinyModel } from './tiny.js';

const basic = { epochs: 1, batchSize: 12, schedule: constantSchedule(0.05) };

let model: ReturnType<typeof tinyModel>;
beforeEach(() => (model = tinyModel()));
afterEach(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

/** Values that no count can have. */
const noCounts = [-1, 0, 1.5, NaN, Infinity, '2', null].map((value) => [value] as const);

const impossible: [name: string, options: object, message: string][] = [
  ...['epochs', 'batchSize', 'microBatchSize', 'size', 'evaluateEvery'].flatMap((name) =>
    noCounts
      .filter(([value]) => value !== null)
      .map(([value]): [string, object, string] => [name, { [name]: value }, `${name} is`]),
  ),
  ['no epochs', { epochs: undefined }, 'epochs is undefined; give an integer of at least 1.'],
  ...noCounts.flatMap(([value]): [string, object, string][] =>
    value === null
      ? []
      : [
          ['keep', { checkpoints: { folder: 'x', keep: value } }, 'checkpoints.keep is'],
          ['everySteps', { checkpoints: { folder: 'x', everySteps: value } }, 'checkpoints.everySteps is'],
        ],
  ),
  ['no folder', { checkpoints: {} }, "checkpoints.folder is 'undefined'; give the path of a folder."],
  ...[0, -1, NaN, Infinity, '1'].map((clipNorm): [string, object, string] => [
    'clipNorm',
    { clipNorm },
    `clipNorm is ${clipNorm}; give a positive number`,
  ]),
  ...[NaN, 1.5, Infinity, '0'].map((seed): [string, object, string] => [
    'seed',
    { seed },
    `seed is ${seed}; give an integer.`,
  ]),
  ...[-0.1, 1, NaN].map((decay): [string, object, string] => [
    'decay',
    { movingAverage: { decay } },
    `movingAverage.decay is ${decay}; give a number of at least 0 and below 1.`,
  ]),
  ['no schedule', { schedule: undefined }, 'There is no schedule; give one'],
  ['a rate as schedule', { schedule: 0.1 }, 'schedule is no function'],
  ['a schedule of NaN', { schedule: () => NaN }, 'The learning rate of step 0 is NaN'],
  ['a schedule below 0', { schedule: () => -1 }, 'The learning rate of step 0 is -1'],
  [
    'a list that ends too early',
    { schedule: (i: number) => [1, 1][i] },
    'The learning rate of step 2 is undefined',
  ],
  ['an optimizer by name', { optimizer: 'adam' }, 'optimizer is no function'],
  ['a loss by name', { loss: 'mse' }, 'loss is no function'],
  ['an augmentation by name', { augment: 'flip' }, 'augment is no function'],
  ['a mix by name', { mix: 'mixup' }, 'mix is no function'],
  ['recompute', { recompute: 'yes' }, "recompute is the string 'yes'; give true or false."],
  [
    'resume',
    { checkpoints: { folder: 'x', resume: 'yes' } },
    "checkpoints.resume is the string 'yes'; give true or false.",
  ],
  ['checkpoints', { checkpoints: null }, 'checkpoints: the options are null'],
  ['no moving average', { movingAverage: null }, 'movingAverage: the options are null'],
  ['no validation', { validation: null }, 'train: the validation data are null; give a data set'],
  ['no validation', { validation: Promise.resolve(tinyData(9)) }, 'train: the validation data are a promise'],
  ['a controller as signal', { signal: new AbortController() }, 'signal is no AbortSignal'],
];

test.each(impossible)('train refuses at the call, without being iterated: %s %j', (_, options, message) => {
  const given = { ...basic, ...options } as ImageTrainOptions;
  expect(() => train(model, tinyData(36), given)).toThrow(message);
  expect(tf.memory().numTensors).toBe(model.variables().length);
});

test.each([
  ...impossible.filter(([name]) => !/^no |augment|NaN$|below|too early/.test(name)),
  ['learningRate', { learningRate: NaN }, 'learningRate is NaN'],
  ['learningRate', { learningRate: -1 }, 'learningRate is -1'],
  ['validation', { validation: 0 }, 'validation is 0; give a share between 0 and 1'],
  ['validation', { validation: NaN }, 'validation is NaN'],
  ['validation', { validation: null }, 'validation is null'],
  ['validation', { validation: Promise.resolve(tinyData(9)) }, 'fineTune: the validation data are a promise'],
  ['resetHead', { resetHead: 'yes' }, "resetHead is the string 'yes'; give true or false."],
  ['augment', { augment: ['flipp'] }, "augment is 'flipp'; give one of 'flip', 'crop'."],
] as const)('fineTune refuses before it decodes an image: %s %j', async (_, options, message) => {
  let decoded = 0;
  const data = tinyData(36);
  const image = (place: number) => (decoded++, data.image(place));
  await expect(fineTune(model, { ...data, image }, options as FineTuneOptions)).rejects.toThrow(message);
  expect(decoded).toBe(0);
});

const noData: [string, unknown, string][] = [
  ['a promise', Promise.resolve(tinyData(9)), 'train: the data are a promise; give what it resolves to: await it.'],
  ['nothing', undefined, 'train: the data are undefined; give a data set, as folderDataset'],
  ['no image', subset(tinyData(9), []), 'The data has no images; give some to train on.'],
  ['a class without an image', subset(tinyData(9), [0, 1, 3, 4]), 'too few images of these classes: blue 0. Give at least 1'],
  ['a label that is none', { ...tinyData(9), labels: Int32Array.of(0, 1, 2, 3) }, 'Image 3 of data has the label 3; give one of 0 to 2'],
]; // prettier-ignore
test.each(noData)('train refuses data at the call: %s', (_, data, message) => {
  expect(() => train(model, data as Dataset, basic)).toThrow(message);
});

test('validation data without an image are refused at the call', async () => {
  const { train: training, validation } = split(tinyData(3), { validation: 0.1 });
  expect(() => train(model, training, { ...basic, validation })).toThrow(
    'The validation data has no images; give some, or leave validation out.',
  );
  await expect(fineTune(model, tinyData(9), { validation })).rejects.toThrow(
    'The validation data has no images',
  );
});

test('nine images train with the share that is held out by default', async () => {
  const { train: training, validation } = split(tinyData(9), { validation: 0.1 });
  const events = [];
  for await (const { type } of train(model, training, { ...basic, validation })) events.push(type);
  expect(events).toEqual(['step', 'epoch', 'evaluation']);
});

test('a schedule that breaks off in the middle ends with the step and the model as it was', async () => {
  const schedule = (step: number) => (step === 1 ? NaN : 0.1);
  const before: string[] = [];
  await expect(async () => {
    for await (const { type } of train(model, tinyData(36), { ...basic, schedule })) before.push(type);
  }).rejects.toThrow('The learning rate of step 1 is NaN');
  expect(before).toEqual(['step']);
});

test('options of what is given to train are checked where it is made', () => {
  for (const value of [NaN, -1, Infinity]) {
    expect(() => new SGD([], { weightDecay: value })).toThrow(`weightDecay is ${value}`);
    expect(() => new SGD([], { momentum: value })).toThrow(`momentum is ${value}`);
    expect(() => mixup(value)).toThrow(`alpha is ${value}`);
    expect(() => cutMix(value)).toThrow(`alpha is ${value}`);
    expect(() => randomFlip(value)).toThrow(`probability is ${value}`);
    expect(() => randomErasing({ probability: value })).toThrow(`probability is ${value}`);
    expect(() => colorJitter({ brightness: value })).toThrow(`brightness is ${value}`);
    const rateScale = () => value;
    expect(() => new SGD(model.namedVariables(), { rateScale })).toThrow(
      `rateScale of stem.conv.weight is ${value}`,
    );
    const logits = tf.zeros<tf.Rank.R2>([1, 3]);
    const targets = tf.tensor1d([0], 'int32');
    expect(() => softmaxCrossEntropy(logits, targets, { labelSmoothing: value })).toThrow(
      `labelSmoothing is ${value}`,
    );
    tf.dispose([logits, targets]);
  }
});
