import * as tf from '@tensorflow/tfjs-core';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { describeEfficientNet } from '../../src/models/describe.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import { efficientNetArchitecture } from '../../src/scaling/index.js';
import { readGolden, relativeDistance, ruleValues, spread } from '../helpers/golden.js';
import { fillByKerasRule } from '../helpers/keras-model.js';
import { predictWithStages } from '../helpers/stages.js';

/** What keras.applications computes for a model; written by test/golden/keras_models.py, which says how. */
interface Reference {
  input: [number, number, number, number];
  /** All values, those of the Normalization layer before an EfficientNet's stem among them. */
  parameters: number;
  logits: number[][];
  stages: Record<string, { shape: number[]; std: number; spread: number[] }>;
}

const options = { convention: 'keras', initialize: false } as const;

const cases: [file: string, build: () => ImageClassifier][] = [
  ['ResNet50_64', () => buildResNet(50, options)],
  ['ResNet50_65', () => buildResNet(50, options)],
  ['ResNet101_64', () => buildResNet(101, options)],
  ['EfficientNetB0_64', () => buildEfficientNet(0, options)],
  ['EfficientNetB0_65', () => buildEfficientNet(0, options)],
  ['EfficientNetB3_64', () => buildEfficientNet(3, options)],
];

beforeAll(() => tf.setBackend('cpu'));

test.each(cases)("%s: stages and logits are Keras's, on cpu", (file, build) => {
  const golden = readGolden<Reference>(`keras/${file}.json`);
  const model = build();
  fillByKerasRule(model);

  const { parameters, statistics } = model.describe();
  const normalization = file.startsWith('EfficientNet') ? 7 : 0; // mean, variance, count
  expect(parameters + statistics + normalization).toBe(golden.parameters);

  // The first image of two, which is the first half of all values: cpu is slow.
  const [n, ...shape] = golden.input;
  const values = ruleValues('input', tf.util.sizeFromShape(golden.input));
  const images = tf.tensor4d(new Float32Array(values.subarray(0, values.length / n)), [1, ...shape]);
  const { logits, stages } = predictWithStages(model, images);
  const expected = Object.entries(golden.stages);
  expect(stages.map((stage) => stage.shape)).toEqual(expected.map(([, { shape }]) => [1, ...shape.slice(1)]));
  const distances = expected.map(([key, { std, spread: values }], i): [string, number] => [
    key,
    relativeDistance(
      spread(stages[i]!.dataSync(), values.length / n),
      values.slice(0, values.length / n),
      std,
    ),
  ]);
  distances.push(['logits', relativeDistance(logits.dataSync(), golden.logits[0]!)]);
  expect(distances.filter(([, distance]) => !(distance <= 1e-4))).toEqual([]);

  tf.dispose([images, logits, ...stages]);
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

test.each([
  [50, 25_636_712],
  [101, 44_707_176],
  [152, 60_419_944],
] as const)("Keras's ResNet-%i has %i values", (depth, total) => {
  const model = buildResNet(depth, options);
  expect(model.variables().reduce((sum, { size }) => sum + size, 0)).toBe(total);
  model.dispose();
});

test.each(
  [5_330_571, 7_856_239, 9_177_569, 12_320_535, 19_466_823, 30_562_527, 43_265_143, 66_658_687].map(
    (total, x) => [x, total] as const,
  ),
)("Keras's EfficientNet-B%i has %i values, 7 of them of its Normalization layer", (x, total) => {
  const { parameters, statistics } = describeEfficientNet(efficientNetArchitecture(x));
  expect(parameters + statistics + 7).toBe(total);
});
