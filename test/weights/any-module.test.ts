import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../src/core/errors.js';
import { Module } from '../../src/core/module.js';
import { buildResNet } from '../../src/models/resnet.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { train } from '../../src/training/train.js';
import { encodeSafetensors, decodeSafetensors } from '../../src/weights/formats/safetensors.js';
import { load } from '../../src/weights/load.js';
import { save } from '../../src/weights/save.js';
import { encode } from '../../src/weights/encode.js';
import { fillForked, forkedBatches, forkedLoss, ForkedNet, forkedPaths } from '../helpers/forked-net.js';

let folder: string;
let net: ForkedNet;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-'));
  net = new ForkedNet();
  fillForked(net);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  net.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

const weights = (net: Module<never, unknown>) =>
  Array.from(net.namedVariables(), ({ name, variable }) => [name, variable.dataSync().slice()]);

/** A file of these shapes. */
const fileOf = (shapes: Record<string, number[]>, value = 1) =>
  encodeSafetensors(
    new Map(
      Object.entries(shapes).map(([key, shape]) => [
        key,
        { shape, values: new Float32Array(tf.util.sizeFromShape(shape)).fill(value) },
      ]),
    ),
  );
const shapes = () =>
  Object.fromEntries(Array.from(net.namedVariables(), (v) => [v.name, [...v.variable.shape]]));

test('is saved by its paths, what is shared once, and comes back bit for bit', async () => {
  const path = join(folder, 'net.safetensors');
  const held = tf.memory().numTensors;
  await save(net, path);
  expect(tf.memory().numTensors).toBe(held);
  expect(readdirSync(folder)).toEqual(['net.safetensors']);
  const bytes = await encode(net);
  expect([...decodeSafetensors(bytes).tensors.keys()].sort()).toEqual([...forkedPaths].sort());
  const copy = new ForkedNet(5);
  const { source, loaded, missing, extra } = await load(copy, path);
  expect({ source, missing, extra }).toEqual({ source: 'skipscale', missing: [], extra: [] });
  expect([...loaded].sort()).toEqual([...forkedPaths].sort());
  expect(weights(copy)).toEqual(weights(net));
  expect(copy.body.again.weight).toBe(copy.first.weight);
  copy.dispose();
});

test('the best weights of a training load', async () => {
  const options = { epochs: 1, loss: forkedLoss, schedule: constantSchedule(0.1), validation: forkedBatches };
  for await (const event of train(net, forkedBatches, { ...options, checkpoints: { folder } })) {
    expect(event.type).toBeDefined();
  }
  const copy = new ForkedNet(5);
  await load(copy, join(folder, 'best.safetensors'));
  expect(weights(copy)).toEqual(weights(net));
  const checkpoint = readdirSync(folder).find((name) => name.startsWith('checkpoint'))!;
  await expect(load(copy, join(folder, checkpoint))).rejects.toThrow('This is a checkpoint of a training');
  copy.dispose();
});

test('a module without batch norm is not taken for a fused one', async () => {
  const { first } = net;
  const bytes = await encode(first);
  expect([...decodeSafetensors(bytes).tensors.keys()]).toEqual(['weight', 'bias']);
  await load(first, bytes);
});

test('an image classifier has its paths too, by name', async () => {
  const model = buildResNet(20, { classes: 2, seed: 1 });
  const copy = buildResNet(20, { classes: 2 });
  const bytes = await encode(model, { names: 'skipscale' });
  expect([...decodeSafetensors(bytes).tensors.keys()]).toContain('stages.0.0.conv1.conv.weight');
  expect((await load(copy, bytes)).source).toBe('skipscale');
  expect(weights(copy)).toEqual(weights(model));
  copy.dispose();
  const built = await load(bytes);
  expect(weights(built)).toEqual(weights(model));
  for (const each of [model, built]) each.dispose();
});

test('parts of what is saved load where it need not be strict, or without some parts', async () => {
  const before = Object.fromEntries(weights(net));
  const { loaded, missing, extra } = await load(net, fileOf({ scale: [2], other: [1] }), { strict: false });
  expect([loaded, missing.length, extra]).toEqual([['scale'], forkedPaths.length - 1, ['other']]);
  expect([...net.scale.dataSync()]).toEqual([1, 1]);
  await load(net, fileOf(shapes(), 3), { except: ['heads.sizes', 'first'] });
  expect(net.heads.get('sizes')!.weight.dataSync()).toEqual(before['heads.sizes.weight']);
  expect(net.first.weight.dataSync()).toEqual(before['first.weight']);
  expect([...net.scale.dataSync()]).toEqual([3, 3]);
});

describe('what does not fit changes nothing', () => {
  const refused = async (file: Uint8Array, options = {}) => {
    const before = weights(net);
    const held = tf.memory().numTensors;
    const error: unknown = await load(net, file, options).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(weights(net)).toEqual(before);
    expect(tf.memory().numTensors).toBe(held);
    return (error as Error).message;
  };

  test('missing, extra and mis-shaped keys are in one message', async () => {
    const { scale, 'first.bias': bias, ...others } = shapes();
    expect([scale, bias]).toEqual([[2], [2]]);
    const message = await refused(fileOf({ ...others, 'heads.sizes.weight': [2, 4], more: [1] }));
    expect(message).toMatch(/^The weights do not fit this ForkedNet\. Build the network that was saved/);
    expect(message).toContain('2 missing: scale, first.bias');
    expect(message).toContain('1 not in the model: more');
    expect(message).toContain('1 of another shape: heads.sizes.weight is [2,4], not [4,2]');
  });

  test('names of another network', async () => {
    expect(await refused(fileOf({ 'conv1.weight': [3] }))).toContain(
      'No key of the file is the path of a variable, such as scale',
    );
  });

  test('values that are not finite', async () => {
    expect(await refused(fileOf(shapes(), NaN))).toContain('not finite: scale');
  });

  test('options that are of image classifiers, or of nothing', async () => {
    const bytes = fileOf(shapes());
    expect(await refused(bytes, { head: 'fc' })).toContain('head is for image classifiers only');
    expect(await refused(bytes, { except: ['heads.others'] })).toContain(
      "except names 'heads.others', which this ForkedNet does not have",
    );
  });
});

test.each<[string, () => Promise<unknown>, string]>([
  ['no module', () => save({} as never, 'x'), 'save: the model is an object; give a Module'],
  ['no path', () => save(net, ''), "save: the path is the string ''"],
  ['a URL', () => save(net, 'https://example.com/x'), 'give the path of a file, or indexeddb://name'],
  ['names of a source', () => encode(net, { names: 'timm' }), "names is 'timm', which has no "],
  ['Keras', () => save(net, join(folder, 'x.weights.h5')), "format 'weights.h5' is for ResNets and EfficientNets"],
  ['no variables', () => encode(new (class Empty extends Module { override forward = (x: tf.Tensor4D) => x })()), 'This Empty has no variables'],
])('what cannot be saved is an ArgumentError: %s', async (_, work, message) => {
  const error: unknown = await work().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ArgumentError);
  expect((error as Error).message).toContain(message);
}); // prettier-ignore

test('a variable that is not of float32 is named', async () => {
  const whole = tf.tidy(() => tf.variable(tf.scalar(1, 'int32')));
  Object.assign(net, { count: whole });
  await expect(encode(net)).rejects.toThrow('The variable count is of int32');
});

test('where the folder is not there, the error names the file', async () => {
  await expect(save(net, join(folder, 'none', 'net.safetensors'))).rejects.toThrow('the folder is not there');
});

test('a page is sent to IndexedDB or to the bytes', async () => {
  const { getBuiltinModule } = process;
  Object.assign(process, { getBuiltinModule: undefined });
  try {
    await expect(save(net, 'net.safetensors')).rejects.toThrow("Give an address such as 'indexeddb://net'");
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
});
