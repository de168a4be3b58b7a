import * as tf from '@tensorflow/tfjs-core';
import { buildModel } from '../../src/models/build-model.js';
import { ResNet } from '../../src/models/resnet.js';
import { resNetArchitecture } from '../../src/scaling/index.js';
import { Dense } from '../../src/layers/dense.js';
import { imageNetLabels } from '../../src/models/labels/imagenet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { decodeSafetensors } from '../../src/weights/formats/safetensors.js';
import { load } from '../../src/weights/load.js';
import { encode } from '../../src/weights/encode.js';
import { readGolden, ruleFloats } from '../helpers/golden.js';

type Shapes = Record<string, number[]>;
const { torchvision: stateDicts } = readGolden<{ torchvision: Record<string, Shapes> }>('state_dicts.json');

/** Expects the same bits in every variable. */
function expectSame(model: ImageClassifier, copy: ImageClassifier): void {
  const copies = copy.variables();
  model.variables().forEach((variable, i) => {
    const [a, b] = [copies[i]!, variable].map((v) => Buffer.from(v.dataSync().buffer));
    expect(a!.equals(b!)).toBe(true);
  });
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test.each([
  ['resnet18', 'torchvision'],
  ['resnet20', 'torchvision'],
  ['resnet20', 'timm'],
  ['resnet50', 'keras'],
  ['efficientnet-b0', 'torchvision'],
  ['efficientnet-b0', 'timm'],
  ['efficientnet-lite0', 'keras'],
] as const)('%s of convention %s comes back bit for bit', async (name, convention) => {
  const options = { initialize: false, convention, classes: 2, width: 0.5 };
  const [model, copy] = [buildModel(name, options), buildModel(name, options)];
  for (const { name, variable } of model.namedVariables()) {
    const values = ruleFloats(name, variable.size);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  const held = tf.memory().numTensors;
  const bytes = await encode(model);
  expect(tf.memory().numTensors).toBe(held);
  const { missing, extra } = await load(copy, bytes);
  expect({ missing, extra }).toEqual({ missing: [], extra: [] });
  expectSame(model, copy);
  model.dispose();
  copy.dispose();
});

test.each(['resnet18', 'efficientnet-b0'])('%s has the keys and shapes of torchvision', async (name) => {
  const model = buildModel(name, { initialize: false });
  model.labels = imageNetLabels;
  const { tensors, metadata } = decodeSafetensors(await encode(model, { metadata: { licence: 'CC0' } }));
  const expected = Object.entries(stateDicts[name]!).filter(([key]) => !key.endsWith('num_batches_tracked'));
  const shapes = Array.from(tensors, ([key, { shape }]) => [key, shape]);
  expect(Object.fromEntries(shapes)).toEqual(Object.fromEntries(expected));
  expect(Object.fromEntries(metadata)).toEqual({
    model: name,
    architecture: JSON.stringify(model.architecture),
    preprocessing: JSON.stringify(model.preprocessing),
    convention: 'torchvision',
    labels: JSON.stringify(imageNetLabels),
    licence: 'CC0',
    crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
  });
  model.dispose();
});

test('labels come back, unless they are no labels of such a model', async () => {
  const model = buildModel('resnet20', { classes: 2 });
  model.labels = ['yes', 'no, "no"'];
  const labelled = await encode(model);
  const copy = buildModel('resnet20', { classes: 2 });
  await load(copy, labelled);
  expect(copy.labels).toEqual(model.labels);
  for (const labels of ['{', '[1, 2]', '["one"]', '"ab"']) {
    await load(copy, await encode(model, { metadata: { labels } }));
    expect(copy.labels).toEqual(model.labels);
  }
  model.dispose();
  copy.dispose();
});

test('half precision halves the file and rounds', async () => {
  const model = buildModel('resnet20', { seed: 1 });
  const [full, half] = [await encode(model), await encode(model, { dtype: 'F16' })];
  expect(half.length / full.length).toBeLessThan(0.54);
  const [a, b] = [full, half].map((bytes) =>
    decodeSafetensors(bytes).tensors.get('layer1.0.conv1.weight')!.toFloat32(),
  );
  a!.forEach((value, i) => expect(Math.abs(value - b![i]!)).toBeLessThanOrEqual(Math.abs(value) / 1024));
  model.dispose();
});

test('a fused model is saved as before', async () => {
  const model = buildModel('resnet20');
  const before = await encode(model);
  expect(await encode(model.fuse())).toEqual(before);
  model.dispose();
});

test.each([
  ['timm', 'resnet20', 'torchvision', 'layer1.0.conv1.weight'],
  ['huggingface', 'resnet20', 'torchvision', 'resnet.encoder.stages.0.layers.0.layer.0.convolution.weight'],
  ['pytorch_resnet_cifar10', 'resnet20', 'torchvision', 'linear.weight'],
  ['keras', 'resnet20', 'keras', 'conv2_block1_1_conv/kernel'],
  ['timm', 'efficientnet-lite0', 'timm-tf', 'blocks.0.0.conv_dw.weight'],
  [
    'huggingface',
    'efficientnet-lite0',
    'keras',
    'efficientnet.encoder.blocks.0.projection.project_conv.weight',
  ],
  ['efficientnet-pytorch', 'efficientnet-lite0', 'keras', '_blocks.0._depthwise_conv.weight'],
] as const)(
  'by the names of %s, %s of convention %s is recognised again',
  async (names, name, convention, key) => {
    const options = { convention, classes: 2 };
    const model = buildModel(name, { ...options, seed: 1 });
    const copy = buildModel(name, { ...options, initialize: false });
    const bytes = await encode(model, { names });
    expect([...decodeSafetensors(bytes).tensors.keys()]).toContain(key);
    await load(copy, bytes);
    expectSame(model, copy);
    model.dispose();
    copy.dispose();
  },
);

test('names of a source whose networks compute otherwise are refused', async () => {
  const model = buildModel('resnet20', { initialize: false });
  await expect(encode(model, { names: 'keras' })).rejects.toThrow(
    "keras has no resnet20 of the convention 'torchvision'; give one of 'torchvision', 'timm', 'huggingface', " +
      "'pytorch_resnet_cifar10', 'skipscale'.",
  );
  model.dispose();
});

/** A ResNet of a user, with a layer that no published network has. */
class WithNeck extends ResNet {
  readonly neck = new Dense({ inFeatures: 2, units: 2 });
}

/** An image classifier of a family that this library does not know. */
class OfOtherFamily extends ResNet {
  override architecture = { ...resNetArchitecture(18, { width: 0.1 }), family: 'mine' as 'resnet' };
}

test.each([WithNeck, OfOtherFamily])('%p has the paths of its tree, and no architecture', async (Network) => {
  const build = () => new Network(resNetArchitecture(18, { width: 0.1 }));
  const [model, copy] = [build(), build()];
  const bytes = await encode(model);
  const { tensors, metadata } = decodeSafetensors(bytes);
  expect([...tensors.keys()].sort()).toEqual(Array.from(model.namedVariables(), ({ name }) => name).sort());
  expect(metadata.has('architecture')).toBe(false);
  expect(metadata.get('preprocessing')).toBe(JSON.stringify(model.preprocessing));
  expect((await load(copy, bytes)).missing).toEqual([]);
  expectSame(model, copy);
  await expect(encode(model, { names: 'torchvision' })).rejects.toThrow(
    `names is 'torchvision', which has no ${Network.name}; leave it out`,
  );
  await expect(encode(model, { format: 'weights.h5' })).rejects.toThrow('is for ResNets and EfficientNets');
  model.dispose();
  copy.dispose();
});

test('a network with another head, or without one, is still of its family', async () => {
  const model = buildModel('resnet18', { width: 0.1 });
  model.resetHead(3);
  expect(decodeSafetensors(await encode(model)).tensors.has('fc.weight')).toBe(true);
  model.removeHead();
  expect(decodeSafetensors(await encode(model)).tensors.has('layer1.0.conv1.weight')).toBe(true);
  model.dispose();
});
