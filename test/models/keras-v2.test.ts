import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { valueAndGradients } from '../../src/training/value-and-gradients.js';
import { norm, readGolden, relativeDistance, ruleValues, spread } from '../helpers/golden.js';
import { fillByKerasRule, kerasKey } from '../helpers/keras-model.js';
import { predictWithStages } from '../helpers/stages.js';
import { scaleProjections } from '../helpers/torchvision-models.js';

type Shape = [n: number, height: number, width: number, channels: number];

interface Values {
  norm: number;
  spread: number[];
}

/** What keras.applications computes; written by test/golden/keras_v2.py, which says how. */
interface Reference {
  parameters: number;
  projectionScale: number;
  evaluation: {
    input: Shape;
    logits: number[][];
    stages: Record<string, { shape: number[]; std: number; spread: number[] }>;
  };
  training: {
    input: Shape;
    loss: number;
    gradients: Record<string, Values>;
    running: Record<string, Values>;
  };
}

const options = { convention: 'keras', stochasticDepth: 0, dropout: 0, initialize: false } as const;

function images(shape: Shape): tf.Tensor4D {
  return tf.tensor4d(new Float32Array(ruleValues('input', tf.util.sizeFromShape(shape))), shape);
}

beforeAll(() => tf.setBackend('simd'));

describe.each([
  ['EfficientNetV2B0', 'v2-b0'],
  ['EfficientNetV2S', 'v2-s'],
] as const)("Keras's %s", (file, name) => {
  const { parameters, projectionScale, evaluation, training } = readGolden<Reference>(`keras/${file}.json`);
  let model: ImageClassifier;
  beforeAll(() => {
    model = buildEfficientNet(name, options);
    fillByKerasRule(model);
    scaleProjections(model, projectionScale);
  });
  afterAll(() => {
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('stages and logits', () => {
    expect(model.variables().reduce((sum, { size }) => sum + size, 0)).toBe(parameters);
    const x = images(evaluation.input);
    const { logits, stages } = predictWithStages(model, x);
    const expected = Object.entries(evaluation.stages);
    expect(stages.map(({ shape }) => shape)).toEqual(expected.map(([, { shape }]) => shape));
    const distances = expected.map(([key, { std, spread: values }], i): [string, number] => [
      key,
      relativeDistance(spread(stages[i]!.dataSync(), values.length), values, std),
    ]);
    distances.push(['logits', relativeDistance(logits.dataSync(), evaluation.logits.flat())]);
    expect(distances.filter(([, distance]) => !(distance <= 1e-4))).toEqual([]);
    tf.dispose([x, logits, stages]);
  });

  test('a training step', () => {
    const [n] = training.input;
    const x = images(training.input);
    const labels = tf.tidy(() => tf.oneHot(tf.range(0, n, 1, 'int32'), 1000));
    const context = { training: true, random: new Random(0) } as const;
    const { value, gradients } = valueAndGradients(model, () =>
      tf.losses.softmaxCrossEntropy(labels, model.forward(x, context)),
    );
    expect(Math.abs(value.dataSync()[0]! / training.loss - 1)).toBeLessThan(1e-4);
    // True gradients of zero are noise in float32: differences count relative to the norm of the whole gradient too.
    const least = 1e-4 * norm(Object.values(training.gradients).map(({ norm }) => norm));
    const found = Array.from(model.namedVariables()).map((named) => {
      const { name, trainable, variable } = named;
      const key = kerasKey(model, named);
      const expected = (trainable ? training.gradients : training.running)[key]!;
      const values = (trainable ? gradients[name]! : variable).dataSync<'float32'>();
      const scale = trainable ? Math.max(expected.norm, least) : expected.norm;
      const ofNorm = Math.abs(norm(values) - expected.norm) / scale;
      const ofValues = relativeDistance(spread(values, 8), expected.spread, scale / Math.sqrt(values.length));
      return { key, ofNorm, ofValues };
    });
    expect(found).toHaveLength(Object.keys(training.gradients).length + Object.keys(training.running).length);
    expect(found.filter(({ ofNorm, ofValues }) => !(ofNorm <= 1e-3 && ofValues <= 1e-2))).toEqual([]);
    tf.dispose([x, labels, value, gradients]);
  });
});
