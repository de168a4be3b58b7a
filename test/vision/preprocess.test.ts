import '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel } from '../../src/models/build-model.js';
import { preprocess } from '../../src/vision/preprocess.js';
import { relativeDistance, spread } from '../helpers/golden.js';
import { golden, ruleImage } from './golden-vision.js';

describe.each([...new Set(golden.preprocessed.map(({ model }) => model))])('%s', (name) => {
  test('prepares images as the transforms that torchvision publishes with its weights', () => {
    const cases = golden.preprocessed.filter(({ model }) => model === name);
    const model = buildModel(name.replace('_', '-'), { initialize: false, includeTop: false });
    for (const { image, shape, mean, std, spread: expected } of cases) {
      const x = preprocess([ruleImage(...image)], model.preprocessing);
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

test('several images, of several sizes, make one batch in their order', () => {
  const preprocessing = preset('rgb');
  const images = [ruleImage(9, 14), ruleImage(20, 11)];
  const batch = preprocess(images, preprocessing);
  expect(batch.shape).toEqual([2, 6, 6, 3]);
  const alone = images.map((image) => preprocess([image], preprocessing));
  expect(Array.from(batch.dataSync())).toEqual(alone.flatMap((x) => Array.from(x.dataSync())));
  tf.dispose([batch, alone]);
  expect(tf.memory().numTensors).toBe(0);
});

test('scale, mean and std go by the channels as the network sees them', () => {
  const image = { width: 1, height: 1, data: Uint8Array.of(10, 20, 30) };
  const values = (channels: 'rgb' | 'bgr') => {
    const x = preprocess([image], { ...preset(channels), size: 1, resize: 1 });
    const values = Array.from(x.dataSync());
    x.dispose();
    return values;
  };
  expect(values('rgb')).toEqual([(5 - 1) / 4, (10 - 2) / 8, (15 - 3) / 16]);
  expect(values('bgr')).toEqual([(15 - 1) / 4, (10 - 2) / 8, (5 - 3) / 16]);
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
