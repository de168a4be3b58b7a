import * as tf from '@tensorflow/tfjs-core';
import { buildModel, describeModel, modelArchitecture, modelNames } from '../../src/models/build-model.js';
import { scaleToBudget } from '../../src/models/budget.js';
import { coefficients, efficientNetArchitecture } from '../../src/scaling/index.js';

test('knows every network by its name', () => {
  for (const name of modelNames) expect(modelArchitecture(name, {}).name).toBe(name);
  expect(modelNames).toHaveLength(10 + 29 + 8 + 5 + 7);
  for (const name of ['resnet20', 'resnext50_32x4d', 'efficientnet-lite0', 'efficientnet-v2-b0']) {
    const model = buildModel(name, { initialize: false });
    expect(model.architecture).toEqual(modelArchitecture(name, {}));
    model.dispose();
  }
  expect(tf.memory().numTensors).toBe(0);
});

test('passes options on', () => {
  const model = buildModel('resnet20', { classes: 3, convention: 'keras', initialize: false });
  expect([model.classes, model.convention]).toEqual([3, 'keras']);
  model.dispose();
});

test('width, depth and size scale an EfficientNet as coefficients do', () => {
  const model = buildModel('efficientnet-b1', { width: 0.5, depth: 0.6, size: 64, initialize: false });
  const published = coefficients(1);
  const scaled = { ...published, width: published.width * 0.5, depth: published.depth * 0.6, size: 64 };
  expect(model.architecture).toEqual({ ...efficientNetArchitecture(scaled), name: 'efficientnet-b1' });
  expect(model.preprocessing).toMatchObject({ size: 64, resize: 64 });
  expect(model.describe()).toEqual(describeModel('efficientnet-b1', { width: 0.5, depth: 0.6, size: 64 }));
  model.dispose();
});

test('width and size scale a ResNet, and what it has not is refused', () => {
  const model = buildModel('resnet20', { width: 0.5, size: 64, initialize: false });
  expect(model.architecture).toMatchObject({ stemChannels: 8, size: 64 });
  model.dispose();
  expect(() => buildModel('resnet20', { depth: 0.5 })).toThrow(
    'depth is 0.5, and resnet20 has none; leave it out, or take an EfficientNet.',
  );
  expect(() => buildModel('resnet18', { stochasticDepth: 0.1 })).toThrow('stochasticDepth is 0.1');
  expect(() => buildModel('efficientnet-b0', { shortcut: 'none' })).toThrow(
    'shortcut is none, and efficientnet-b0 has none; leave it out, or take a ResNet.',
  );
  expect(tf.memory().numTensors).toBe(0);
});

test('takes any scale of an EfficientNet', () => {
  for (const scale of [2.26, -3.5, 10, scaleToBudget({ flops: 2e9 }).scale]) {
    expect(modelArchitecture(`efficientnet-b${scale}`, {})).toEqual(efficientNetArchitecture(scale));
  }
  const model = buildModel('efficientnet-b-3.5', { classes: 2, initialize: false });
  expect(model.architecture).toEqual(efficientNetArchitecture(-3.5, { classes: 2 }));
  model.dispose();
});

test.each([
  'resnet51',
  'resnet20.5',
  'efficientnet-lite2.5',
  'efficientnet-b',
  'efficientnet-b2.50',
  'efficientnet-b11',
  'b2.26',
])('names every model where there is no %s', (name) => {
  expect(() => buildModel(name)).toThrow(
    `There is no model '${name}'; the models are ${modelNames.join(', ')}, and efficientnet-b with any number ` +
      'from -4 to 10, such as efficientnet-b2.26.',
  );
});
