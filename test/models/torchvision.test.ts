import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import { norm, readGolden, relativeDistance, spread } from '../helpers/golden.js';
import { fillByRule, ruleInput, torchKey, torchValues } from '../helpers/torch-model.js';

interface Summary {
  shape: number[];
  std: number;
  spread: number[];
}

interface Reference {
  input: [number, number, number, number];
  parameters: number;
  logits: number[][];
  stages: Record<string, Summary>;
  loss: number;
  gradients: Record<string, { norm: number; spread: number[] }>;
  running: Record<string, { norm: number; spread: number[] }>;
}

const builders: Record<string, () => ImageClassifier> = Object.fromEntries([
  ...([18, 34, 50, 101, 152] as const).map((depth) => [
    `resnet${depth}`,
    () => buildResNet(depth, { initialize: false }),
  ]),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((x) => [
    `efficientnet_b${x}`,
    () => buildEfficientNet(x, { initialize: false, dropout: 0, stochasticDepth: 0 }),
  ]),
]) as Record<string, () => ImageClassifier>;

/** torchvision's names of what `features` returns. */
function stageNames(model: ImageClassifier): string[] {
  return model.stages.map((_, i) => (model.lastConv ? `features.${i + 1}` : `layer${i + 1}`));
}

function channelsFirst(x: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(x, [0, 3, 1, 2]);
}

describe.each(Object.keys(builders))('%s agrees with torchvision', (name) => {
  const golden = readGolden<Reference>(`torchvision/${name}.json`);
  const [batch, , size] = golden.input;
  let model: ImageClassifier;
  let images: tf.Tensor4D;

  beforeAll(() => {
    model = builders[name]!();
    fillByRule(model);
    images = ruleInput(batch, size);
  });

  afterAll(() => {
    model.dispose();
    images.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('parameters', () => {
    const trainable = model.variables().filter((variable) => variable.trainable);
    expect(trainable.reduce((sum, { size }) => sum + size, 0)).toBe(golden.parameters);
    expect(model.describe().parameters).toBe(golden.parameters);
  });

  test('stages and logits within 1e-4 of a standard deviation', () => {
    const logits = model.predict(images);
    expect(relativeDistance(logits.dataSync(), golden.logits.flat())).toBeLessThan(1e-4);
    logits.dispose();
    const features = model.features(images);
    stageNames(model).forEach((stage, i) => {
      const expected = golden.stages[stage]!;
      const actual = channelsFirst(features[i]!);
      expect(actual.shape).toEqual(expected.shape);
      const distance = relativeDistance(spread(actual.dataSync(), 64), expected.spread, expected.std);
      expect([stage, distance < 1e-4, distance]).toEqual([stage, true, distance]);
      actual.dispose();
    });
    tf.dispose(features);
  });

  test('loss, gradients and running statistics of a training step within 1e-3', () => {
    const labels = tf.tidy(() => tf.oneHot(tf.range(0, batch, 1, 'int32'), 1000));
    const parameters = model.variables().filter((variable) => variable.trainable);
    const context = { training: true, random: new Random(0) } as const;
    const { value, grads } = tf.variableGrads(
      () => tf.losses.softmaxCrossEntropy(labels, model.forward(images, context)) as tf.Scalar,
      parameters,
    );
    expect(Math.abs(value.dataSync()[0]! - golden.loss) / golden.loss).toBeLessThan(1e-3);

    // Batch norm undoes what some parameters add (a bias before a convolution and another batch norm), so their true
    // gradients are zero and what is computed is noise: differences count relative to the whole gradient's norm too.
    const wholeNorm = norm(Object.values(golden.gradients).map((gradient) => gradient.norm));
    const failures: string[] = [];
    for (const named of model.namedVariables()) {
      const key = torchKey(model, named);
      const expected = named.variable.trainable ? golden.gradients[key]! : golden.running[key]!;
      const gradient = named.variable.trainable ? grads[named.variable.name] : undefined;
      const actual = torchValues(named, gradient);
      const scale = Math.max(expected.norm, named.variable.trainable ? 1e-4 * wholeNorm : 0);
      const ofNorm = Math.abs(norm(actual) - expected.norm) / scale;
      const n = Math.sqrt(named.variable.size);
      const ofValues = relativeDistance(spread(actual, 8), expected.spread, scale / n);
      if (!(ofNorm < 1e-3 && ofValues < 1e-2)) failures.push(`${key}: norm ${ofNorm}, values ${ofValues}`);
    }
    expect(failures).toEqual([]);
    tf.dispose([labels, value, grads]);
  });
});
