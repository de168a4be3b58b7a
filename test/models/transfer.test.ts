import * as tf from '@tensorflow/tfjs-core';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { buildResNet } from '../../src/models/resnet.js';

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test.each([
  ['ResNet', () => buildResNet(20, { classes: 10, width: 0.25, seed: 1 })],
  ['EfficientNet', () => buildEfficientNet({ width: 0.1, depth: 0.1, size: 32, dropout: 0 }, { seed: 1 })],
] as const)('%s with a new head has its classes, and all else as before', (_, build) => {
  const model = build();
  model.labels = Array.from({ length: model.classes! }, (_, i) => `of before ${i}`);
  const names = Array.from(model.namedVariables(), ({ name }) => name);
  const stem = Array.from(model.stem.conv.weight.dataSync());
  const held = tf.memory().numTensors;
  model.resetHead(3, { seed: 5 });
  expect(tf.memory().numTensors).toBe(held);
  expect(Array.from(model.namedVariables(), ({ name }) => name)).toEqual(names);
  expect([model.classes, model.labels]).toEqual([3, undefined]);
  expect(model.describe().layers.at(-1)).toMatchObject({ outputShape: [3] });
  expect(Array.from(model.stem.conv.weight.dataSync())).toEqual(stem);
  expect(tf.tidy(() => model.predict(tf.zeros([1, 32, 32, 3])).shape)).toEqual([1, 3]);

  const first = Array.from(model.head!.weight.dataSync());
  expect(new Set(first).size).toBeGreaterThan(first.length / 2);
  model.resetHead(3, { seed: 5 });
  expect(Array.from(model.head!.weight.dataSync())).toEqual(first);
  model.resetHead(3, { seed: 6 });
  expect(Array.from(model.head!.weight.dataSync())).not.toEqual(first);
  model.dispose();
});

test('a new head starts with random weights even where the model was built without', () => {
  const model = buildResNet(20, { initialize: false });
  model.resetHead(2);
  expect(model.head!.weight.dataSync().every((value) => value !== 0)).toBe(true);
  model.dispose();
});

test('refuses where there is no head, and what is no number of classes', () => {
  const body = buildResNet(20, { includeTop: false, initialize: false });
  expect(() => body.resetHead(2)).toThrow('This resnet20 has no head; build it with includeTop: true.');
  body.dispose();
  const model = buildResNet(20, { initialize: false });
  expect(() => model.resetHead(0)).toThrow('classes is 0; give an integer of at least 1.');
  expect(model.classes).toBe(10);
  model.dispose();
});

test('what was frozen can be unfrozen, part by part or all', () => {
  const model = buildResNet(20, { initialize: false });
  const frozen = () => [
    ...(model.stem.isFrozen ? ['stem'] : []),
    ...model.stages.flatMap((stage, i) => (stage.every(({ isFrozen }) => isFrozen) ? [`stages.${i}`] : [])),
    ...(model.head!.isFrozen ? ['head'] : []),
  ];
  model.freeze('stem', 'stages.0', 'stages.1');
  model.unfreeze('stages.0');
  expect(frozen()).toEqual(['stem', 'stages.1']);
  model.unfreeze();
  expect(frozen()).toEqual([]);
  expect(() => model.unfreeze('body')).toThrow(
    "ResNet has no module at 'body'; give a path such as 'globalPool', 'stem', 'stages', 'dropout', 'head'.",
  );
  model.dispose();
});
