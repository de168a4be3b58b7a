import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../../src/core/context.js';
import { Random } from '../../src/core/random.js';
import { buildEfficientNet, type EfficientNetOptions } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import type { Coefficients } from '../../src/scaling/index.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

const tiny: Coefficients = { width: 0.1, depth: 0.6, size: 32, dropout: 0.2 };
const efficientNet = (options: EfficientNetOptions) => buildEfficientNet(tiny, { classes: 5, ...options });
type Build = (options?: { seed?: number; includeTop?: boolean }) => ImageClassifier;

const models: [name: string, build: Build][] = [
  ['ResNet, basic', (options) => buildResNet(18, { width: 0.1, classes: 5, ...options })],
  ['ResNet, bottleneck', (options) => buildResNet(50, { width: 0.1, classes: 5, ...options })],
  [
    "ResNet, Keras's",
    (options) => buildResNet(50, { width: 0.1, classes: 5, convention: 'keras', ...options }),
  ],
  ['ResNet of CIFAR', (options) => buildResNet(20, options)],
  ['EfficientNet', (options) => efficientNet({ ...options })],
  ["EfficientNet, Keras's", (options) => efficientNet({ convention: 'keras', ...options })],
  ['EfficientNet-Lite', (options) => efficientNet({ variant: 'lite', ...options })],
];

const training = (seed = 0) => ({ training: true, random: new Random(seed) }) as const;

describe.each(models)('%s', (_, build) => {
  let model: ImageClassifier;
  let images: tf.Tensor4D;

  beforeEach(() => {
    model = build({ seed: 1 });
    images = randomTensor<tf.Rank.R4>([2, 33, 33, 3], 2);
  });

  afterEach(() => {
    images.dispose();
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('predict is forward in evaluation, changes nothing and leaves only the logits', () => {
    const before = tf.memory().numTensors;
    const statistics = model.variables().map((variable) => Array.from(variable.dataSync()));
    const logits = model.predict(images);
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(logits.shape).toEqual([2, model.classes]);
    expect(logits.dataSync().every(Number.isFinite)).toBe(true);
    const again = model.forward(images, evaluation);
    expect(largestDifference(logits, again)).toBe(0);
    expect(model.variables().map((variable) => Array.from(variable.dataSync()))).toEqual(statistics);
    tf.dispose([logits, again]);
  });

  test('forward in training leaves only the logits and moves every running statistic', () => {
    const before = tf.memory().numTensors;
    const statistics = model.variables().filter(({ trainable }) => !trainable);
    const values = statistics.map((variable) => Array.from(variable.dataSync()));
    const logits = model.forward(images, training());
    expect(tf.memory().numTensors).toBe(before + 1);
    statistics.forEach((variable, i) => expect(Array.from(variable.dataSync())).not.toEqual(values[i]));
    logits.dispose();
  });

  test('features are the outputs of the stages, and nothing else is left', () => {
    const before = tf.memory().numTensors;
    const features = model.features(images);
    expect(tf.memory().numTensors).toBe(before + model.stages.length);
    const rows = model.describe(33).layers;
    model.stages.forEach((_, i) => {
      const last = rows.filter(({ name }) => name.startsWith(`stages.${i}.`)).at(-1)!;
      expect(features[i]!.shape).toEqual([2, ...last.outputShape]);
    });
    const rest = tf.tidy(() => {
      const y = features.at(-1)!;
      const last = model.lastConv ? model.lastConv.forward(y, evaluation) : y;
      return largestDifference(model.head!.forward(model.globalPool.forward(last)), model.predict(images));
    });
    expect(rest).toBe(0);
    tf.dispose(features);
  });

  test('one seed gives the same weights, another others', () => {
    const [same, other] = [build({ seed: 1 }), build({ seed: 2 })];
    const weights = ({ stem, head }: ImageClassifier) =>
      [stem.conv.weight, head!.weight].map((w) => Array.from(w.dataSync()));
    expect(weights(same)).toEqual(weights(model));
    weights(other).forEach((values, i) => expect(values).not.toEqual(weights(model)[i]));
    const byDefault = build();
    const zero = build({ seed: 0 });
    expect(weights(byDefault)).toEqual(weights(zero));
    [same, other, byDefault, zero].forEach((model) => model.dispose());
  });

  test('describe agrees with the variables, layer by layer', () => {
    const counted = Object.fromEntries(
      model
        .describe()
        .layers.filter(({ parameters }) => parameters > 0)
        .map(({ name, parameters, statistics }) => [name, { parameters, statistics }]),
    );
    const built: typeof counted = {};
    for (const { name, variable } of model.namedVariables()) {
      const layer = name.slice(0, name.lastIndexOf('.'));
      const row = (built[layer] ??= { parameters: 0, statistics: 0 });
      if (variable.trainable) row.parameters += variable.size;
      else row.statistics += variable.size;
    }
    expect(built).toEqual(counted);
    expect(Object.keys(built)).toEqual(Object.keys(counted));
  });

  test.each([32, 33, 47])('describe agrees with the shapes of a forward pass at %i pixels', async (size) => {
    const shapes = recordShapes(model);
    // Of what simd computes in one kernel, the parts have no outputs.
    const backend = tf.getBackend();
    await tf.setBackend('cpu');
    tf.tidy(() => void model.predict(tf.zeros([1, size, size, 3])));
    await tf.setBackend(backend);
    const rows = model.describe(size).layers;
    let compared = 0;
    for (const { name, parameters, outputShape } of rows) {
      const actual = shapes.get(name);
      if (parameters > 0) expect([name, actual]).toEqual([name, outputShape]);
      else if (actual) expect([name, actual]).toEqual([name, outputShape]);
      if (actual) compared++;
    }
    expect(compared).toBeGreaterThan(rows.length / 2);
  });

  test('without top, gives what the head would get', () => {
    const body = build({ seed: 1, includeTop: false });
    expect([body.head, body.classes]).toEqual([undefined, undefined]);
    expect(body.describe().layers.some(({ type }) => type === 'dense')).toBe(false);
    const difference = tf.tidy(() =>
      largestDifference(model.head!.forward(body.predict(images)), model.predict(images)),
    );
    expect(difference).toBe(0);
    body.dispose();
  });

  test('fused, predicts the same, keeps its variables, and cannot be trained', () => {
    tf.dispose(model.forward(images, training())); // so that the batch norms have something to fold
    const before = model.predict(images);
    const variables = model.variables();
    expect(model.fuse()).toBe(model);
    expect(model.variables()).toEqual(variables);
    const held = tf.memory().numTensors;
    const after = model.predict(images);
    expect(tf.memory().numTensors).toBe(held + 1);
    const scale = tf.tidy(() => tf.max(tf.abs(before)).dataSync()[0]!);
    expect(largestDifference(before, after)).toBeLessThan(1e-5 * scale);
    expect(() => model.forward(images, training())).toThrow(
      'A fused network cannot be trained: its batch norms are folded into its convolutions. Build it again',
    );
    expect(tf.memory().numTensors).toBe(held + 1);
    const again = model.fuse().predict(images);
    expect(largestDifference(again, after)).toBe(0);
    tf.dispose([before, after, again]);
  });

  test('images of another shape are an error, and leave nothing', () => {
    const wrong = tf.zeros([1, 8, 8, 4]) as tf.Tensor4D;
    const flat = tf.zeros([3]) as unknown as tf.Tensor4D;
    const before = tf.memory().numTensors;
    const message = ' got images of shape [1,8,8,4]; give [N, height, width, 3].';
    expect(() => model.predict(wrong)).toThrow(model.architecture.name + message);
    expect(() => model.features(wrong)).toThrow(message);
    expect(() => model.predict(flat)).toThrow('got images of shape [3];');
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([wrong, flat]);
  });

  test('a model that was disposed of says so', () => {
    const gone = build();
    gone.dispose();
    expect(() => gone.predict(images)).toThrow(`This ${gone.architecture.name} was disposed of`);
  });

  test('summary has a row for each layer and the totals', () => {
    const { layers, parameters, statistics, multiplyAdds, activationSize } = model.describe(64);
    const lines = model.summary(64).split('\n');
    expect(lines).toHaveLength(layers.length + 7);
    layers.forEach(({ name, type, outputShape }, i) => {
      expect(lines[i + 3]).toMatch(`${name} (${type})`);
      expect(lines[i + 3]).toMatch(outputShape.join(' x '));
    });
    const n = (value: number) => value.toLocaleString('en-US');
    const megabytes = (values: number) => `${((4 * values) / 1e6).toFixed(1)} MB`;
    expect(lines.slice(-3)).toEqual([
      `Total: ${n(parameters + statistics)} (trainable ${n(parameters)}, running statistics ${n(statistics)})`,
      `Multiply-adds: ${n(multiplyAdds)}; activations: ${n(activationSize)}`,
      `Memory: weights ${megabytes(parameters + statistics)}, activations ${megabytes(activationSize)}`,
    ]);
  });
});

/** Fills a map with the shape, of one image, that each module puts out from now on, by its path. */
function recordShapes(model: ImageClassifier): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const { name, module } of model.namedModules()) {
    const methods = module as unknown as Record<string, ((...args: unknown[]) => tf.Tensor) | undefined>;
    for (const method of ['forward', 'forwardFused', 'forwardAdded']) {
      const original = methods[method]?.bind(module);
      if (!original) continue;
      methods[method] = (...args) => {
        const y = original(...args);
        shapes.set(name, y.shape.slice(1));
        return y;
      };
    }
  }
  return shapes;
}

test.each([
  [Object.assign(new Array(3), { 0: 'a', 2: 'c' }), 'labels[1] is undefined; give a name for each class.'],
  [['a', 'b', undefined], 'labels[2] is undefined; give'],
  [['', 'b', 'c'], "labels[0] is the string ''; give"],
  [['a', 2, 'c'], 'labels[1] is 2; give'],
  ['abc', "The labels are the string 'abc'; give an array of names."],
  [['a'], 'There is 1 label for a model of 3 classes; give as many.'],
])('labels %j are refused', (labels, message) => {
  const model = buildResNet(20, { classes: 3, width: 0.25, initialize: false });
  expect(() => (model.labels = labels as string[])).toThrow(message);
  expect(model.labels).toBeUndefined();
  model.labels = ['crane', 'crane', 'maillot']; // As of ImageNet, two classes may have one name.
  model.dispose();
});
