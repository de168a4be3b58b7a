import * as tf from '@tensorflow/tfjs-core';
import { buildModel } from '../../src/models/build-model.js';
import { load } from '../../src/weights/load.js';
import { nameMaps } from '../../src/weights/names/index.js';
import { encode } from '../../src/weights/encode.js';
import { encodeSafetensors } from '../../src/weights/formats/safetensors.js';
import { ruleCheckpoint } from '../helpers/rule-checkpoint.js';

test.each([
  ['torchvision', 'resnext50_32x4d', 'torchvision'],
  ['timm', 'resnet18d', 'timm'],
  ['timm', 'seresnet18', 'timm'],
  ['keras', 'efficientnet-v2-b0', 'keras'],
] as const)("%s's %s is known by its weights, and saved as they were", async (source, name, convention) => {
  const map = nameMaps.find((map) => map.source === source)!;
  const built = buildModel(name, { initialize: false, classes: 3 });
  const tensors = ruleCheckpoint(built, map);
  built.dispose();
  const model = await load(encodeSafetensors(tensors));
  expect(model.architecture).toEqual({ ...built.architecture, classes: 3 });
  expect(model.convention).toBe(convention);
  const again = await load(await encode(model));
  expect([again.architecture, again.convention]).toEqual([model.architecture, convention]);
  const [first, second] = [model, again].map((each) => each.variables().at(3)!.dataSync());
  expect(second).toEqual(first);
  model.dispose();
  again.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

test("timm's EfficientNetV2 needs its convention, as its other EfficientNets", async () => {
  const map = nameMaps.find(({ source }) => source === 'timm')!;
  const built = buildModel('efficientnet-v2-b0', { initialize: false });
  const bytes = encodeSafetensors(ruleCheckpoint(built, map));
  built.dispose();
  await expect(load(bytes)).rejects.toThrow(/efficientnet_\* from tf_efficientnet_\*/);
  const model = await load(bytes, { convention: 'timm-tf' });
  expect(model.architecture.name).toBe('efficientnet-v2-b0');
  model.dispose();
});
