import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { buildEfficientNet, buildResNet, type ImageClassifier } from '../../src/models/index.js';
import { LayerCounter, outputSize } from '../../src/scaling/index.js';

describe('outputSize', () => {
  const side = fc.integer({ min: 1, max: 300 });
  const kernel = fc.integer({ min: 1, max: 9 });
  const step = fc.integer({ min: 1, max: 4 });
  const padding = fc.oneof(
    fc.constantFrom('valid' as const, 'same' as const),
    fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })),
  );

  test('is what tfjs computes', () => {
    fc.assert(
      fc.property(side, kernel, step, step, padding, (input, kernelSize, stride, dilation, padding) => {
        const added = typeof padding === 'string' ? 0 : padding[0] + padding[1];
        fc.pre(padding === 'same' || input + added >= (kernelSize - 1) * dilation + 1);
        const pad: tf.backend_util.ExplicitPadding | 'valid' | 'same' =
          typeof padding === 'string' ? padding : [[0, 0], padding, [0, 0], [0, 0]];
        const { outHeight } = tf.backend_util.computeConv2DInfo(
          [1, input, 300, 1],
          [kernelSize, 1, 1, 1],
          stride,
          dilation,
          pad,
        );
        expect(outputSize(input, kernelSize, stride, padding, dilation)).toBe(outHeight);
      }),
    );
  });

  test('of an odd kernel is the same with symmetric and TensorFlow padding', () => {
    fc.assert(
      fc.property(side, fc.integer({ min: 0, max: 4 }), step, step, (input, half, stride, dilation) => {
        const kernelSize = 2 * half + 1;
        expect(outputSize(input, kernelSize, stride, 'symmetric', dilation)).toBe(Math.ceil(input / stride));
      }),
    );
  });

  // PyTorch's documentation of Conv2d and MaxPool2d; Keras's ResNet stem.
  test.each([
    [224, 7, 2, 3, 1, 112],
    [112, 3, 2, 1, 1, 56],
    [50, 5, 2, 2, 1, 25],
    [230, 7, 2, 'valid', 1, 112],
    [32, 4, 1, 'symmetric', 1, 33],
    [32, 3, 1, 'valid', 2, 28],
  ] as const)(
    '%d pixels, kernel %d, stride %d, padding %s, dilation %d give %d',
    (input, k, s, p, d, output) => {
      expect(outputSize(input, k, s, p, d)).toBe(output);
    },
  );

  test('refuses what has no size', () => {
    expect(() => outputSize(4, 7, 1, 'valid')).toThrow(/window of 7 pixels does not fit an image of 4/);
    expect(() => outputSize(0, 3)).toThrow(/input is 0/);
    expect(() => outputSize(8, 3, 1.5)).toThrow(/stride is 1\.5/);
    expect(() => outputSize(8, 3, 1, -1)).toThrow(/padding is -1/);
    expect(() => outputSize(8, 3, 1, 'full' as 'same')).toThrow(/padding is "full"/);
  });
});

describe('LayerCounter', () => {
  test('counts each layer', () => {
    const count = new LayerCounter([10, 12, 3]);
    count.conv2d('conv', { filters: 4, kernelSize: 3, stride: 2, bias: true });
    count.batchNorm('norm');
    count.depthwiseConv2d('depthwise', { kernelSize: 5 });
    count.elementWise('relu', 'relu');
    count.maxPool('pool', 2);
    count.padShortcut('pad', { filters: 6, stride: 2 });
    count.globalAvgPool('mean');
    count.dense('head', 10);
    const { layers, ...totals } = count.describe('net');
    expect(
      layers.map(({ name, outputShape, parameters, statistics, multiplyAdds }) => [
        name,
        outputShape,
        parameters,
        statistics,
        multiplyAdds,
      ]),
    ).toEqual([
      ['conv', [5, 6, 4], 3 * 3 * 3 * 4 + 4, 0, 3 * 3 * 3 * 4 * 30],
      ['norm', [5, 6, 4], 8, 8, 0],
      ['depthwise', [5, 6, 4], 5 * 5 * 4, 0, 5 * 5 * 4 * 30],
      ['relu', [5, 6, 4], 0, 0, 0],
      ['pool', [3, 3, 4], 0, 0, 0],
      ['pad', [2, 2, 6], 0, 0, 0],
      ['mean', [6], 0, 0, 0],
      ['head', [10], 70, 0, 60],
    ]);
    expect(totals).toEqual({
      name: 'net',
      inputShape: [10, 12, 3],
      parameters: 112 + 8 + 100 + 70,
      statistics: 8,
      multiplyAdds: 3240 + 3000 + 60,
      activationSize: 4 * 120 + 36 + 24 + 6 + 10,
    });
  });

  test('takes other paddings and dilation', () => {
    const count = new LayerCounter([10, 12, 3]);
    count.conv2d('a', {
      filters: 2,
      kernelSize: 3,
      padding: [
        [0, 1],
        [2, 3],
      ],
    });
    expect(count.shape).toEqual([9, 15, 2]);
    count.depthwiseConv2d('b', { kernelSize: 3, dilation: 2, padding: 'valid' });
    expect(count.shape).toEqual([5, 11, 2]);
  });

  test('refuses layers that do not fit', () => {
    expect(() => new LayerCounter([224, 0, 3])).toThrow(/width is 0/);
    const count = new LayerCounter([8, 8, 3]);
    expect(() => count.conv2d('conv', { filters: 0, kernelSize: 3 })).toThrow(/conv: filters is 0/);
    expect(() => count.dense('head', 10)).toThrow(/head: the shape is \[8,8,3\]/);
    count.globalAvgPool('mean');
    expect(() => count.conv2d('conv', { filters: 4, kernelSize: 3 })).toThrow(/\[height, width, channels\]/);
    expect(() => count.dense('head', 1.5)).toThrow(/head: units is 1\.5/);
  });
});

describe('a built model has the counted variables, layer by layer', () => {
  const models: Record<string, () => ImageClassifier> = {
    'ResNet-18': () => buildResNet(18, { initialize: false }),
    'ResNet-50': () => buildResNet(50, { initialize: false }),
    'ResNet-50 of Keras': () => buildResNet(50, { initialize: false, convention: 'keras' }),
    'ResNet-20': () => buildResNet(20, { initialize: false }),
    'ResNet-20 with projections, no head': () =>
      buildResNet(20, { initialize: false, shortcut: 'projection', includeTop: false }),
    'EfficientNet-B0': () => buildEfficientNet(0, { initialize: false }),
    'EfficientNet-B1.5, 5 classes': () => buildEfficientNet(1.5, { initialize: false, classes: 5 }),
    'EfficientNet at -4, 1 channel': () => buildEfficientNet(-4, { initialize: false, inputChannels: 1 }),
    'EfficientNet-Lite3': () => buildEfficientNet(3, { initialize: false, variant: 'lite' }),
  };

  test.each(Object.keys(models))('%s', (name) => {
    const model = models[name]!();
    const built: Record<string, { parameters: number; statistics: number }> = {};
    for (const { name, variable } of model.namedVariables()) {
      const row = (built[name.slice(0, name.lastIndexOf('.'))] ??= { parameters: 0, statistics: 0 });
      row[variable.trainable ? 'parameters' : 'statistics'] += variable.size;
    }
    model.dispose();
    const counted = model
      .describe()
      .layers.filter(({ parameters, statistics }) => parameters + statistics > 0)
      .map(({ name, parameters, statistics }) => [name, { parameters, statistics }] as const);
    expect(new Set(counted.map(([name]) => name)).size).toBe(counted.length);
    expect(Object.fromEntries(counted)).toEqual(built);
  });
});
