import * as tf from '@tensorflow/tfjs-core';
import { featureImage, topImages } from '../../src/explain/features.js';
import { filterImage } from '../../src/explain/filters.js';
import { buildResNet } from '../../src/models/resnet.js';
import { arrayDataset } from '../../src/training/data/array-dataset.js';
import { explainedImages, explainedNet } from '../helpers/explained-net.js';

test("filters of the stem in their colours, others' means", async () => {
  const net = explainedNet();
  const { width, height, data } = await filterImage(net, { scale: 2 });
  // Nine tiles' room for eight filters of 3 x 3.
  expect([width, height]).toEqual([3 * 8 + 2, 3 * 8 + 2]);
  const weight = net.stem.conv.weight.arraySync() as number[][][][];
  const most = Math.max(...weight.flat(2).map((filters) => Math.abs(filters[1]!)));
  const at = (x: number, y: number) => Array.from(data.slice((y * width + x) * 3, (y * width + x) * 3 + 3));
  expect(at(2 + 8 + 2, 2 + 4)).toEqual(
    [0, 1, 2].map((c) => Math.round(127.5 + (127.5 * weight[2]![1]![c]![1]!) / most)),
  );
  expect((await filterImage(net, { layer: 'blocks.1.conv1.conv', scale: 1 })).width).toBe(4 * 5 + 2);
  await expect(filterImage(net, { layer: 'head' })).rejects.toThrow(/no convolution at 'head'.*'stem.conv'/);
});

test('features as pictures, the strongest channel first', async () => {
  const net = explainedNet();
  const x = explainedImages(2);
  const before = tf.memory().numTensors;
  const made = await featureImage(net, x, { layer: 'stem', channels: 4, scale: 1 });
  expect(made.map(({ layer }) => layer)).toEqual(['stem', 'stem']);
  const means = tf.tidy(
    () => tf.mean(net.stem.forward(x, { training: false }), [1, 2]).arraySync() as number[][],
  );
  for (const [i, { channels, picture }] of made.entries()) {
    const order = Array.from(means[i]!.keys()).sort((a, b) => means[i]![b]! - means[i]![a]!);
    expect(channels).toEqual(order.slice(0, 4));
    expect([picture.width, picture.height]).toEqual([38, 38]);
  }
  expect(tf.memory().numTensors).toBe(before);
  await expect(featureImage(net, x, { layer: 'head' })).rejects.toThrow(/no map/);
});

test('the images that a channel answers to most', async () => {
  const model = buildResNet(20, { classes: 2, preprocessing: { size: 16, resize: 16 } });
  const images = Array.from({ length: 7 }, (_, i) => ({
    width: 16,
    height: 16,
    data: Uint8Array.from({ length: 768 }, (_, j) => (j * (i + 3) * 7) % 256),
  }));
  const data = arrayDataset(images, new Int32Array(7), ['a', 'b']);
  const before = tf.memory().numTensors;
  const options = { layer: 'stages.1', channel: 5, count: 3, batchSize: 2 };
  const found = await topImages(model, data, options);
  expect(found).toHaveLength(3);
  expect(found.map(({ activation }) => activation)).toEqual(
    [...found].map(({ activation }) => activation).sort((a, b) => b - a),
  );
  const all = await topImages(model, data, { ...options, count: 7, batchSize: 7 });
  expect(all.slice(0, 3).map(({ index }) => index)).toEqual(found.map(({ index }) => index));
  expect(found[0]!.map).toHaveLength(256);
  expect(tf.memory().numTensors).toBe(before);
  await expect(topImages(model, data, { channel: 64 })).rejects.toThrow(
    /channel is 64; give an integer from 0 to 63/,
  );
  model.dispose();
});

test('values that cannot be drawn, and pictures that are too large, are errors', async () => {
  const net = explainedNet();
  const model = buildResNet(20, { classes: 2, preprocessing: { size: 16, resize: 16 } });
  const image = { width: 16, height: 16, data: new Uint8Array(768) };
  const x = explainedImages(1);
  await expect(featureImage(net, x, { scale: 1e6 })).rejects.toThrow(/At a scale of 1000000.*smaller scale/);
  await expect(filterImage(net, { scale: 1e6 })).rejects.toThrow(/At a scale of 1000000.*smaller scale/);
  for (const weight of [net.stem.conv.weight, model.stem.conv.weight]) {
    const nan = tf.fill(weight.shape, NaN);
    weight.assign(nan as typeof weight);
    nan.dispose();
  }
  const before = tf.memory().numTensors;
  const data = arrayDataset([image], new Int32Array(1), ['a', 'b']);
  await expect(featureImage(net, x, { layer: 'stem' })).rejects.toThrow(
    'the layer gave values that are not finite',
  );
  await expect(topImages(model, data, { channel: 0 })).rejects.toThrow(
    'the layer gave values that are not finite',
  );
  await expect(filterImage(net)).rejects.toThrow("the weights of 'stem.conv.weight' are not all finite");
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});
