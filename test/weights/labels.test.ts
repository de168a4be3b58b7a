import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, type ModelOptions } from '../../src/models/build-model.js';
import { cifar10Labels } from '../../src/models/labels/cifar10.js';
import { imageNetLabels } from '../../src/models/labels/imagenet.js';
import { classify } from '../../src/vision/classify.js';
import { load, type LoadOptions } from '../../src/weights/load.js';
import type { LoadWeightsOptions } from '../../src/weights/loaded-weights.js';
import { nameMaps } from '../../src/weights/names/index.js';
import { encodeSafetensors } from '../../src/weights/formats/safetensors.js';
import { encode } from '../../src/weights/encode.js';
import { ruleCheckpoint } from '../helpers/rule-checkpoint.js';

afterEach(() => expect(tf.memory().numTensors).toBe(0));

/** The file of a network's weights by a source's names, which does not say its classes. */
function file(source: string, name: string, options: ModelOptions = {}): Uint8Array {
  const model = buildModel(name, { initialize: false, ...options });
  const map = nameMaps.find((map) => map.source === source)!;
  const bytes = encodeSafetensors(ruleCheckpoint(model, map));
  model.dispose();
  return bytes;
}

/** The labels of what is loaded, with which `classify` answers. */
async function loadedLabels(source: string | Uint8Array, options?: LoadOptions) {
  const model = await load(source, options);
  const image = { width: 32, height: 32, data: new Uint8Array(3072).fill(99) };
  const [first] = await classify(model, image, { top: 1 });
  const { labels } = model;
  model.dispose();
  expect(first!.label).toBe(labels?.[first!.index] ?? `class ${first!.index}`);
  return labels;
}

describe('a file of 10 classes that says no names', () => {
  const bytes = file('pytorch_resnet_cifar10', 'resnet20');

  test('gives numbers, not CIFAR-10’s names', async () => {
    expect(await loadedLabels(bytes)).toBeUndefined();
  });

  test('gives those of the option labels, of which there are as many', async () => {
    expect(await loadedLabels(bytes, { labels: cifar10Labels })).toEqual(cifar10Labels);
    await expect(load(bytes, { labels: ['bolt', 'nut'] })).rejects.toThrow(
      'There are 2 labels for a model of 10 classes; give as many.',
    );
  });

  test('leaves the names that the model has', async () => {
    const model = buildModel('resnet20', { initialize: false });
    model.labels = cifar10Labels;
    await load(model, bytes);
    expect(model.labels).toEqual(cifar10Labels);
    model.dispose();
  });
});

describe('1000 classes', () => {
  test("of a published network's file are ImageNet's", async () => {
    const bytes = file('torchvision', 'efficientnet-b0');
    expect(await loadedLabels(bytes)).toEqual(imageNetLabels);
    const model = buildModel('efficientnet-b0', { initialize: false });
    await load(model, bytes);
    expect(model.labels).toEqual(imageNetLabels);
    model.dispose();
  });

  test('those of the user are not: trained from random weights and saved, or of a network for CIFAR', async () => {
    const model = buildModel('efficientnet-b0');
    const bytes = await encode(model);
    model.dispose();
    expect(await loadedLabels(bytes)).toBeUndefined();
    expect(await loadedLabels(file('torchvision', 'resnet20', { classes: 1000 }))).toBeUndefined();
  });

  test('have the names of config.json where there is one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skipscale-labels-'));
    const names = imageNetLabels.map((name, i) => `${name}, ${i}`);
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, file('huggingface', 'resnet18'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ id2label: { ...names } }));
    expect(await loadedLabels(path)).toEqual(names);
    rmSync(folder, { recursive: true });
  });
});

test('names come with the head that they are of, and not with the rest of a network', async () => {
  const model = buildModel('resnet20', { classes: 2 });
  model.labels = ['yes', 'no'];
  const bytes = await encode(model);
  model.labels = undefined;
  const labelsAfter = async (options: LoadWeightsOptions) => {
    await load(model, bytes, options);
    return model.labels;
  };
  expect(await labelsAfter({ except: ['head'] })).toBeUndefined();
  expect(await labelsAfter({ except: ['stem'] })).toEqual(['yes', 'no']);
  model.labels = ['left', 'right'];
  expect(await labelsAfter({ except: ['head'] })).toEqual(['left', 'right']);
  model.dispose();
});

test("labels that are the file's in another order are refused, others are taken", async () => {
  const model = buildModel('resnet20', { width: 0.25, initialize: false, classes: 3 });
  model.labels = ['a', 'b', 'c'];
  const bytes = await encode(model);
  const image = { width: 32, height: 32, data: new Uint8Array(3072) };
  const message = "The labels are the model's in another order: class 0 is 'a', and they call it 'c'.";
  await expect(load(bytes, { labels: ['c', 'a', 'b'] })).rejects.toThrow(message);
  await expect(classify(model, image, { labels: ['c', 'a', 'b'] })).rejects.toThrow(message);
  model.dispose();
  expect(await loadedLabels(bytes, { labels: ['x', 'b', 'c'] })).toEqual(['x', 'b', 'c']);
  expect(await loadedLabels(bytes, { labels: ['a', 'b', 'c'] })).toEqual(['a', 'b', 'c']);
});
