import * as tf from '@tensorflow/tfjs-core';
import { buildModel, modelNames } from '../../src/models/build-model.js';

test('builds every model by its name', () => {
  for (const name of modelNames) {
    const model = buildModel(name, { initialize: false });
    expect(model.architecture.name).toBe(name);
    model.dispose();
  }
  expect(modelNames).toHaveLength(10 + 8 + 5);
  expect(tf.memory().numTensors).toBe(0);
});

test('passes options on', () => {
  const model = buildModel('resnet20', { classes: 3, convention: 'keras', initialize: false });
  expect([model.classes, model.convention]).toEqual([3, 'keras']);
  model.dispose();
});

test('names every model where there is none of a name', () => {
  expect(() => buildModel('resnet51')).toThrow(
    `There is no model 'resnet51'; the models are ${modelNames.join(', ')}.`,
  );
});
