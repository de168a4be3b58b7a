import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';
import { relativeDistance } from '../helpers/golden.js';
import { randomTensor } from '../helpers/tensors.js';
import { buildResNet, type ResNetOptions } from '../../src/models/resnet.js';
import { resNetDepths, type ResNetDepth } from '../../src/scaling/index.js';

const images = (channels = 3) => tf.ones([1, 32, 32, channels]) as tf.Tensor4D;

function outputShape(depth: ResNetDepth, options: ResNetOptions): number[] {
  const model = buildResNet(depth, { initialize: false, ...options });
  const shape = tf.tidy(() => model.predict(images(options.inputChannels)).shape);
  model.dispose();
  return shape;
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

// ImageNet: torchvision's counts. CIFAR: 432 + 9 * (2n * 16² + 16 * 32 + (2n - 1) * 32² + 32 * 64 + (2n - 1) * 64²) of
// convolutions, 2 * (16 + 2n * 112) of batch norms, 650 of the head; published as 0.27, 0.46, 0.66, 0.85 and 1.7 million.
test.each([
  [18, 11_689_512],
  [34, 21_797_672],
  [50, 25_557_032],
  [101, 44_549_160],
  [152, 60_192_808],
  [20, 269_722],
  [32, 464_154],
  [44, 658_586],
  [56, 853_018],
  [110, 1_727_962],
] as const)('ResNet-%i has %i parameters', (depth, parameters) => {
  const model = buildResNet(depth, { initialize: false });
  const trainable = model.variables().filter((variable) => variable.trainable);
  expect(trainable.reduce((sum, { size }) => sum + size, 0)).toBe(parameters);
  expect(model.describe().parameters).toBe(parameters);
  model.dispose();
});

test('has as many convolutions and dense layers as its name says', () => {
  for (const depth of resNetDepths) {
    const model = buildResNet(depth, { initialize: false });
    const rows = model.describe().layers;
    const weighted = rows.filter(({ type, name }) => /conv2d|dense/.test(type) && !name.includes('shortcut'));
    expect(weighted).toHaveLength(depth);
    model.dispose();
  }
});

describe('options', () => {
  test('classes', () => {
    expect(outputShape(20, {})).toEqual([1, 10]);
    expect(outputShape(20, { classes: 3 })).toEqual([1, 3]);
    expect(outputShape(18, { width: 0.1 })).toEqual([1, 1000]);
  });

  test('inputChannels', () => expect(outputShape(20, { inputChannels: 1 })).toEqual([1, 10]));

  test('includeTop: false gives the pooled features', () => {
    expect(outputShape(20, { includeTop: false })).toEqual([1, 64]);
    expect(outputShape(50, { width: 0.125, includeTop: false })).toEqual([1, 256]);
  });

  test('size is what describe and preprocessing start from', () => {
    const model = buildResNet(20, { size: 48, initialize: false });
    expect(model.describe().inputShape).toEqual([48, 48, 3]);
    expect(model.describe(20).inputShape).toEqual([20, 20, 3]);
    expect(model.preprocessing).toMatchObject({ size: 48, resize: 48 });
    model.dispose();
    const large = buildResNet(18, { width: 0.1, size: 448, initialize: false });
    expect(large.preprocessing).toMatchObject({ size: 448, resize: 512 });
    large.dispose();
  });

  test('width multiplies the channels', () => {
    const model = buildResNet(18, { width: 0.5, initialize: false });
    expect(model.stem.conv.weight.shape).toEqual([7, 7, 3, 32]);
    expect(model.architecture.stages.map(({ channels }) => channels)).toEqual([32, 64, 128, 256]);
    model.dispose();
  });

  test('stem of CIFAR for a network of ImageNet, and the other way round', () => {
    const small = buildResNet(18, { width: 0.1, stem: 'cifar', initialize: false });
    const large = buildResNet(20, { stem: 'imagenet', initialize: false });
    const stages = tf.tidy(() => [small, large].map((model) => model.features(images())[0]!.shape));
    expect(stages).toEqual([
      [1, 32, 32, 6],
      [1, 8, 8, 16],
    ]);
    small.dispose();
    large.dispose();
  });

  test('shortcut', () => {
    const shortcutTypes = (shortcut?: 'pad' | 'projection') => {
      const model = buildResNet(20, { shortcut, initialize: false });
      const rows = model.describe().layers.filter(({ name }) => name.includes('shortcut'));
      model.dispose();
      return rows.map(({ type }) => type);
    };
    expect(shortcutTypes()).toEqual(['padShortcut', 'padShortcut']);
    expect(shortcutTypes('pad')).toEqual(['padShortcut', 'padShortcut']);
    expect(shortcutTypes('projection')).toEqual(['conv2d', 'batchNorm', 'conv2d', 'batchNorm']);
  });

  // torchvision's ResNet*_Weights.IMAGENET1K_V1.transforms(), and Keras's preprocess_input in its mode 'caffe'.
  test.each([
    ['torchvision', 'rgb', 1 / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]],
    ['keras', 'bgr', 1, [103.939, 116.779, 123.68], [1, 1, 1]],
  ] as const)("preprocessing is %s's", (convention, channels, scale, mean, std) => {
    const model = buildResNet(18, { width: 0.1, convention, initialize: false });
    expect(model.preprocessing).toEqual({
      size: 224,
      resize: 256,
      interpolation: 'bilinear',
      channels,
      scale,
      mean,
      std,
    });
    model.dispose();
  });

  test("convention: Keras's strides and biases", () => {
    const blocks = (['torchvision', 'keras'] as const).map((convention) => {
      const model = buildResNet(50, { width: 0.1, convention, initialize: false });
      const { conv1, conv2 } = model.stages[1]![0]!;
      const result = [conv1.conv.stride, conv2.conv.stride, conv1.conv.bias !== undefined];
      model.dispose();
      return result;
    });
    expect(blocks).toEqual([
      [1, 2, false],
      [2, 1, true],
    ]);
  });

  test('dropout drops in training only', () => {
    const model = buildResNet(20, { dropout: 0.5, includeTop: false });
    expect(model.dropout.rate).toBe(0.5);
    const [trained, evaluated] = tf.tidy(() => {
      const x = tf.randomUniform([2, 32, 32, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
      const random = new Random(0);
      const zeros = (y: tf.Tensor) => y.dataSync().filter((v) => v === 0).length;
      return [zeros(model.forward(x, { training: true, random })), zeros(model.predict(x))];
    });
    expect(trained).toBeGreaterThan(128 / 4);
    expect(evaluated).toBe(0);
    model.dispose();
  });

  test('zeroInitResidual starts every block as the identity', () => {
    const model = buildResNet(50, { width: 0.1, zeroInitResidual: true });
    const gammas = model.stages.flat().map(({ conv3 }) => conv3!.norm.weight.dataSync());
    expect(gammas.every((gamma) => gamma.every((v) => v === 0))).toBe(true);
    expect(model.stages[0]![0]!.conv1.norm.weight.dataSync()[0]).toBe(1);
    model.dispose();
  });

  test('initialize: false leaves kernels zero', () => {
    const model = buildResNet(20, { initialize: false });
    expect(model.head!.weight.dataSync().every((v) => v === 0)).toBe(true);
    expect(model.stem.conv.weight.dataSync().every((v) => v === 0)).toBe(true);
    model.dispose();
  });
});

describe('a plain network', () => {
  // A shortcut without parameters leaves the counts; a projection goes away with its parameters and products.
  test.each([20, 56, 18, 50] as const)('of %i layers has the convolutions of the ResNet alone', (depth) => {
    const [plain, residual] = (['none', undefined] as const).map((shortcut) => {
      const model = buildResNet(depth, { width: 0.25, shortcut, initialize: false });
      const counted = model.describe();
      const sizes = (trainable: boolean) =>
        model
          .variables()
          .filter((variable) => variable.trainable === trainable)
          .reduce((sum, { size }) => sum + size, 0);
      expect([counted.parameters, counted.statistics]).toEqual([sizes(true), sizes(false)]);
      const modules = new Set(Array.from(model.namedModules(), ({ name }) => name));
      const ofShape = counted.layers.filter(({ name, type }) => !modules.has(name) && type !== 'relu');
      model.dispose();
      return { ...counted, added: ofShape.map(({ type }) => type) };
    });
    const kept = residual!.layers.filter(({ type, name }) => type === 'conv2d' && !name.includes('shortcut'));
    expect(plain!.layers.filter(({ type }) => type === 'conv2d')).toEqual(kept);
    expect(plain!.multiplyAdds).toBe(
      residual!.layers
        .filter(({ name }) => !name.includes('shortcut'))
        .reduce((sum, layer) => sum + layer.multiplyAdds, 0),
    );
    expect(residual!.added.filter((type) => type === 'add').length).toBeGreaterThan(0);
    expect(plain!.added).toEqual([]);
    expect([plain!.name, residual!.name]).toEqual([`plain${depth}`, `resnet${depth}`]);
  });

  test('has as many activations as the ResNet, all of which its description lists', () => {
    const model = buildResNet(50, { width: 0.1, shortcut: 'none', initialize: false });
    const rows = model.describe().layers.filter(({ type }) => type === 'relu');
    const activations = Array.from(model.namedModules(), ({ name }) => name).filter((name) =>
      name.endsWith('.activation'),
    );
    expect(rows.map(({ name }) => name)).toEqual(activations);
    expect(activations).toHaveLength(1 + 3 * 16);
    model.dispose();
  });

  test("does not start at zero, whatever the convention's ResNets do", () => {
    const model = buildResNet(20, { shortcut: 'none', convention: 'timm', width: 0.1 });
    const weights = model.stages.flat().map(({ conv2 }) => conv2.norm.weight.dataSync()[0]);
    expect(new Set(weights)).toEqual(new Set([1]));
    model.dispose();
  });

  test('gives the same fused', () => {
    const model = buildResNet(20, { shortcut: 'none', width: 0.25 });
    const x = randomTensor<tf.Rank.R4>([2, 9, 9, 3], 1);
    const expected = model.predict(x);
    const y = model.fuse().predict(x);
    expect(relativeDistance(y.dataSync(), expected.dataSync())).toBeLessThan(1e-5);
    tf.dispose([x, y, expected]);
    model.dispose();
  });
});

describe('what cannot be built is an error that says what can, and leaves no tensor', () => {
  test('another depth', () => {
    expect(() => buildResNet(19 as 18)).toThrow(
      'The ResNet is 19; give one of 18, 20, 32, 34, 44, 50, 56, 101, 110, 152',
    );
  });

  test.each<[ResNetOptions, string]>([
    [{ classes: 0 }, 'classes is 0; give an integer of at least 1.'],
    [{ classes: 2.5 }, 'classes is 2.5; give an integer of at least 1.'],
    [{ inputChannels: -1 }, 'inputChannels is -1; give an integer of at least 1.'],
    [{ size: 0 }, 'size is 0; give an integer of at least 1.'],
    [{ width: 0 }, 'width is 0; give a positive number, such as 0.5.'],
    [{ width: NaN }, 'width is NaN; give a positive number, such as 0.5.'],
    [{ width: Infinity }, 'width is Infinity; give a positive number, such as 0.5.'],
    [{ stem: 'big' as 'cifar' }, "stem is 'big'; give one of 'imagenet', 'cifar', 'deep', 'deep-strided'."],
    [
      { shortcut: 'conv' as 'pad' },
      "shortcut is 'conv'; give one of 'projection', 'average', 'pad', 'none'.",
    ],
    [
      { shortcut: 'none', zeroInitResidual: true },
      "zeroInitResidual is true, and shortcut 'none': every block would give zeros for ever; leave one out.",
    ],
    [
      { convention: 'caffe' as 'keras' },
      "convention is 'caffe'; give one of 'torchvision', 'timm', 'keras'.",
    ],
    [{ dropout: 1 }, 'dropout is 1; give a number of at least 0 and below 1.'],
    [{ seed: 0.5 }, 'The seed is 0.5; give an integer.'],
  ])('%j', (options, message) => {
    expect(() => buildResNet(20, options)).toThrow(message);
  });
});
