import '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel } from '../../src/models/build-model.js';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ArgumentError } from '../../src/core/errors.js';
import type { Preprocessing } from '../../src/models/preprocessing.js';
import type { ImageSource, RgbImage } from '../../src/vision/image.js';
import { preprocess, preprocessInput } from '../../src/vision/preprocess.js';
import { relativeDistance, spread } from '../helpers/golden.js';
import { expectedPixels, golden, imageFile, ruleImage } from './golden-vision.js';

describe.each([...new Set(golden.preprocessed.map(({ model }) => model))])('%s', (name) => {
  test('prepares images as the transforms that torchvision publishes with its weights', async () => {
    const cases = golden.preprocessed.filter(({ model }) => model === name);
    const model = buildModel(name.replace('_', '-'), { initialize: false, includeTop: false });
    for (const { image, shape, mean, std, spread: expected } of cases) {
      const x = await preprocess([ruleImage(...image)], model.preprocessing);
      expect(x.shape).toEqual([1, ...shape]);
      const values = x.dataSync<'float32'>();
      expect(relativeDistance(spread(values, expected.length), expected, 1)).toBeLessThan(1e-6);
      expect(values.reduce((a, b) => a + b, 0) / values.length).toBeCloseTo(mean, 5);
      expect(Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length)).toBeCloseTo(std, 5);
      x.dispose();
    }
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });
});

test('several images, of several sizes, make one batch in their order', async () => {
  const preprocessing = preset('rgb');
  const images = [ruleImage(9, 14), ruleImage(20, 11)];
  const batch = await preprocess(images, preprocessing);
  expect(batch.shape).toEqual([2, 6, 6, 3]);
  const alone = await Promise.all(images.map((image) => preprocess([image], preprocessing)));
  expect(Array.from(batch.dataSync())).toEqual(alone.flatMap((x) => Array.from(x.dataSync())));
  tf.dispose([batch, alone]);
  expect(tf.memory().numTensors).toBe(0);
});

describe('sources', () => {
  const path = imageFile('baseline.jpg');
  const bytes = readFileSync(path);

  test.each<[string, ImageSource | readonly ImageSource[], number]>([
    ['a path', path, 1],
    ['a file URL', pathToFileURL(path), 1],
    ['bytes', bytes, 1],
    ['an ArrayBuffer', Uint8Array.from(bytes).buffer, 1],
    ['a Blob', new Blob([bytes]), 1],
    ['a picture', expectedPixels('baseline.jpg'), 1],
    ['several of any kind', [path, bytes, expectedPixels('baseline.jpg')], 3],
  ])('%s', async (_, source, count) => {
    const expected = await preprocess([expectedPixels('baseline.jpg')], preset('rgb'));
    const x = await preprocess(source, preset('rgb'));
    expect(x.shape).toEqual([count, 6, 6, 3]);
    const one = Array.from(expected.dataSync());
    expect(Array.from(x.dataSync())).toEqual(Array.from({ length: count }, () => one).flat());
    tf.dispose([x, expected]);
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /^An image is undefined; give a path/],
    ['null', null, /^An image is null; give a path/],
    ['a number', 3, /^An image is 3; give a path/],
    ['numbers', [1, 2, 3], /^An image is 1; give a path/],
    ['no image', [], /^There is no image to preprocess: the array is empty/],
    ['a folder', __dirname, / is a folder; give an image in it/],
  ])('%s is refused', async (_, source, message) => {
    const { numTensors } = tf.memory();
    await expect(preprocess(source as ImageSource, preset('rgb'))).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('a tensor', async () => {
    const tensor = tf.zeros([4, 4, 3]);
    await expect(preprocess(tensor as unknown as ImageSource, preset('rgb'))).rejects.toThrow(
      /^An image is a tensor, which preprocessInput takes; give/,
    );
    tensor.dispose();
  });

  test.each([undefined, null, 224, {}])('without preprocessing, but %p', async (preprocessing) => {
    await expect(preprocess(path, preprocessing as Preprocessing)).rejects.toThrow(
      /^The preprocessing is .*; give a model's, such as model\.preprocessing\./,
    );
  });

  test.each([undefined, null, 3, expectedPixels('baseline.jpg'), [1, 2]])(
    'preprocessInput refuses %p',
    (images) => {
      expect(() => preprocessInput(images as unknown as RgbImage[], 'torch')).toThrow(ArgumentError);
    },
  );
});

test('scale, mean and std go by the channels as the network sees them', async () => {
  const image = { width: 1, height: 1, data: Uint8Array.of(10, 20, 30) };
  const values = async (channels: 'rgb' | 'bgr') => {
    const x = await preprocess([image], { ...preset(channels), size: 1, resize: 1 });
    const values = Array.from(x.dataSync());
    x.dispose();
    return values;
  };
  expect(await values('rgb')).toEqual([(5 - 1) / 4, (10 - 2) / 8, (15 - 3) / 16]);
  expect(await values('bgr')).toEqual([(15 - 1) / 4, (10 - 2) / 8, (5 - 3) / 16]);
});

function preset(channels: 'rgb' | 'bgr') {
  return {
    size: 6,
    resize: 7,
    interpolation: 'bilinear' as const,
    channels,
    scale: 0.5,
    mean: [1, 2, 3],
    std: [4, 8, 16],
  };
}
