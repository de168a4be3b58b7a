import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';
import { buildEfficientNet, EfficientNet, type EfficientNetOptions } from '../../src/models/efficientnet.js';
import { efficientNetArchitecture, type Coefficients } from '../../src/scaling/index.js';
import { readGolden } from '../helpers/golden.js';

const tiny: Coefficients = { width: 0.1, depth: 0.1, size: 32, dropout: 0.2 };

afterEach(() => expect(tf.memory().numTensors).toBe(0));

function count(scale: number, options: EfficientNetOptions = {}): number {
  const model = buildEfficientNet(scale, { initialize: false, ...options });
  const trainable = model.variables().filter((variable) => variable.trainable);
  const parameters = trainable.reduce((sum, { size }) => sum + size, 0);
  expect(model.describe().parameters).toBe(parameters);
  model.dispose();
  return parameters;
}

// torchvision's counts.
test.each([
  [0, 5_288_548],
  [1, 7_794_184],
  [2, 9_109_994],
  [3, 12_233_232],
  [4, 19_341_616],
  [5, 30_389_784],
  [6, 43_040_704],
  [7, 66_347_960],
])('EfficientNet-B%i has %i parameters', (x, parameters) => {
  expect(count(x)).toBe(parameters);
});

test.each([0, 1, 2, 3, 4])("EfficientNet-Lite%i has as many parameters as geffnet's", (x) => {
  const golden = readGolden<Record<string, { parameters: number }>>('layer_counts.json');
  expect(count(x, { variant: 'lite' })).toBe(golden[`efficientnet_lite${x}`]!.parameters);
});

test('a scale between two published networks lies between them', () => {
  expect(count(1.5)).toBeGreaterThan(count(1));
  expect(count(1.5)).toBeLessThan(count(2));
});

test("an architecture of Lite has TensorFlow's convention, however it is built", () => {
  const architecture = efficientNetArchitecture(0, { variant: 'lite', classes: 10 });
  const model = new EfficientNet(architecture, { initialize: false });
  expect(model.convention).toBe('keras');
  expect(model.preprocessing).toMatchObject({ scale: 1, mean: [127, 127, 127], std: [128, 128, 128] });
  model.dispose();
});

describe('options', () => {
  test.each<[EfficientNetOptions, number[]]>([
    [{}, [1, 1000]],
    [{ classes: 3 }, [1, 3]],
    [{ includeTop: false }, [1, 128]],
    [{ inputChannels: 1 }, [1, 1000]],
    [{ variant: 'lite' }, [1, 1000]],
    [{ variant: 'lite', includeTop: false }, [1, 1280]],
    [{ convention: 'keras' }, [1, 1000]],
  ])('%j', (options, shape) => {
    const model = buildEfficientNet(tiny, { initialize: false, ...options });
    const images = tf.ones([1, 32, 32, options.inputChannels ?? 3]) as tf.Tensor4D;
    expect(tf.tidy(() => model.predict(images).shape)).toEqual(shape);
    images.dispose();
    model.dispose();
  });

  test("dropout is the network's unless another is given", () => {
    const rates = [{}, { dropout: 0 }].map((options) => {
      const model = buildEfficientNet(tiny, { initialize: false, ...options });
      model.dispose();
      return model.dropout.rate;
    });
    expect(rates).toEqual([0.2, 0]);
  });

  test('stochastic depth grows from block to block, those without a skip counted', () => {
    const model = buildEfficientNet(0, { initialize: false, stochasticDepth: 0.32 });
    const rates = model.stages.flat().map((block) => block.stochasticDepth?.rate);
    expect(rates).toHaveLength(16);
    const skips = [2, 4, 6, 7, 9, 10, 12, 13, 14];
    rates.forEach((rate, i) => {
      if (skips.includes(i)) expect(rate).toBeCloseTo(0.02 * i, 12);
      else expect(rate).toBeUndefined();
    });
    model.dispose();
  });

  test('stochastic depth and dropout draw from the stream that the caller gives', () => {
    const model = buildEfficientNet({ ...tiny, depth: 1 }, { stochasticDepth: 0.9, classes: 4 });
    const logits = [1, 1, 2].map((seed) =>
      tf.tidy(() => {
        const x = tf.randomUniform([4, 32, 32, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
        return Array.from(model.forward(x, { training: true, random: new Random(seed) }).dataSync());
      }),
    );
    expect(logits[0]).toEqual(logits[1]);
    expect(logits[0]).not.toEqual(logits[2]);
    model.dispose();
  });

  test("convention: padding and batch norm of torchvision's and Keras's", () => {
    const normOf = (x: number, options: EfficientNetOptions) => {
      const model = buildEfficientNet(x, { initialize: false, ...options });
      const { epsilon, momentum, unbiased } = model.stem.norm;
      const { padding } = model.stem.conv;
      model.dispose();
      return [padding, epsilon, momentum, unbiased];
    };
    expect(normOf(4, {})).toEqual([1, 1e-5, 0.9, true]);
    expect(normOf(5, {})).toEqual([1, 1e-3, 0.99, true]);
    expect(normOf(0, { convention: 'keras' })).toEqual(['same', 1e-3, 0.99, false]);
  });

  // torchvision's EfficientNet_B*_Weights.IMAGENET1K_V1.transforms().
  test.each([
    [0, 256, 224],
    [1, 256, 240],
    [2, 288, 288],
    [3, 320, 300],
    [4, 384, 380],
    [5, 456, 456],
    [6, 528, 528],
    [7, 600, 600],
  ])("torchvision's B%i resizes to %i and crops %i", (x, resize, size) => {
    const model = buildEfficientNet(x, { initialize: false });
    expect(model.preprocessing).toEqual({
      resize,
      size,
      interpolation: 'bicubic',
      channels: 'rgb',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    model.dispose();
  });

  test("Keras's crops 32 pixels less than it resizes to", () => {
    const model = buildEfficientNet(3, { convention: 'keras', initialize: false });
    expect(model.preprocessing).toMatchObject({ resize: 332, size: 300, interpolation: 'bicubic' });
    model.dispose();
  });
});

describe('what cannot be built is an error that says what can, and leaves no tensor', () => {
  test.each<[number | Coefficients, EfficientNetOptions, string]>([
    [11, {}, 'There is no EfficientNet at 11: give a number from -4 to 10 (0 to 7 are B0 to B7), or {'],
    [NaN, {}, 'There is no EfficientNet at NaN: give a number'],
    [5, { variant: 'lite' }, 'There is no EfficientNet-Lite 5; give 0, 1, 2, 3 or 4, or coefficients.'],
    [0.5, { variant: 'lite' }, 'There is no EfficientNet-Lite 0.5; give 0, 1, 2, 3 or 4'],
    [{ ...tiny, width: 0 }, {}, 'width is 0; give a positive finite number.'],
    [{ ...tiny, depth: -1 }, {}, 'depth is -1; give a positive finite number.'],
    [{ ...tiny, size: 0 }, {}, 'size is 0; give an integer of at least 1.'],
    [{ ...tiny, dropout: 1 }, {}, 'dropout is 1; give a number of at least 0 and below 1.'],
    [0, { classes: 0 }, 'classes is 0; give an integer of at least 1.'],
    [0, { inputChannels: 1.5 }, 'inputChannels is 1.5; give an integer of at least 1.'],
    [0, { variant: 'edge' as 'lite' }, "variant is 'edge'; give one of 'standard', 'lite', 'v2-b',"],
    [
      0,
      { convention: 'tf' as 'keras' },
      "convention is 'tf'; give one of 'torchvision', 'timm', 'timm-tf', 'keras'.",
    ],
    [0, { dropout: -0.1 }, 'dropout is -0.1; give a number of at least 0 and below 1.'],
    [0, { stochasticDepth: 1 }, 'stochasticDepth is 1; give a number of at least 0 and below 1.'],
    [0, { seed: NaN }, 'The seed is NaN; give an integer.'],
  ])('%j %j', (scale, options, message) => {
    expect(() => buildEfficientNet(scale, options)).toThrow(message);
  });
});
