import * as tf from '@tensorflow/tfjs-core';
import { focalLoss, meanSquaredError, softmaxCrossEntropy, type Loss } from '../../src/training/losses.js';
import { accuracy } from '../../src/training/measure.js';
import { readGolden, relativeDistance, ruleValues } from '../helpers/golden.js';

const { losses: golden } = readGolden<{
  losses: {
    labels: number[];
    soft: number[];
    weights: number[];
    cases: Record<string, { value: number; gradient: number[] }>;
  };
}>('training.json');

const N = 6;
const CLASSES = 5;
const logits = () =>
  tf.tensor2d(
    Float32Array.from(ruleValues('logits', N * CLASSES), (v) => 4 * v),
    [N, CLASSES],
  );
const labels = () => tf.tensor1d(golden.labels, 'int32');
const soft = () => tf.tensor2d(golden.soft, [N, CLASSES]);

const cases: Record<string, [targets: () => tf.Tensor1D | tf.Tensor2D, loss: Loss]> = {
  'cross entropy': [labels, softmaxCrossEntropy],
  'cross entropy, smoothed': [labels, (x, t) => softmaxCrossEntropy(x, t, { labelSmoothing: 0.1 })],
  'cross entropy, soft': [soft, softmaxCrossEntropy],
  'cross entropy, soft and smoothed': [soft, (x, t) => softmaxCrossEntropy(x, t, { labelSmoothing: 0.2 })],
  focal: [labels, focalLoss],
  'focal, gamma 0.5, weighted': [
    labels,
    (x, t) => focalLoss(x, t, { gamma: 0.5, classWeights: golden.weights }),
  ],
  'focal, soft': [soft, focalLoss],
  'mean squared error': [soft, meanSquaredError],
};

test('every loss that PyTorch computed is tested', () => {
  expect(Object.keys(cases)).toEqual(Object.keys(golden.cases));
});

test.each(Object.keys(cases))('%s is as in PyTorch, value and gradient, and leaves no tensor', (name) => {
  const [targets, loss] = cases[name]!;
  const before = tf.memory().numTensors;
  const [x, t] = [logits(), targets()];
  const value = loss(x, t);
  const { value: again, grad } = tf.valueAndGrad((x: tf.Tensor2D) => loss(x, t))(x);
  expect(tf.memory().numTensors).toBe(before + 5);
  const expected = golden.cases[name]!;
  expect(value.dataSync()[0]! / expected.value).toBeCloseTo(1, 6);
  expect(again.dataSync()[0]).toBe(value.dataSync()[0]);
  expect(relativeDistance(grad.dataSync(), expected.gradient)).toBeLessThan(1e-5);
  tf.dispose([x, t, value, again, grad]);
});

test('classes and their rows of one 1 are the same targets', () => {
  const [x, classes] = [logits(), labels()];
  const rows = tf.cast(tf.oneHot(classes, CLASSES), 'float32') as tf.Tensor2D;
  for (const loss of [softmaxCrossEntropy, focalLoss, meanSquaredError]) {
    const [a, b] = [loss(x, classes), loss(x, rows)];
    expect(a.dataSync()).toEqual(b.dataSync());
    tf.dispose([a, b]);
  }
  tf.dispose([x, classes, rows]);
});

test.each(['cross entropy', 'focal', 'cross entropy, soft', 'focal, soft'])(
  '%s of pixels is the mean over all pixels',
  (name) => {
    const [targets, loss] = cases[name]!;
    const [x, t] = [logits(), targets()];
    const pixels = tf.reshape(x, [1, 2, 3, CLASSES]);
    const wanted = tf.reshape(t, t.rank === 1 ? [1, 2, 3] : [1, 2, 3, CLASSES]);
    const value = loss(pixels as never, wanted as never);
    expect(value.dataSync()[0]! / golden.cases[name]!.value).toBeCloseTo(1, 6);
    const hits = [accuracy(x, t), accuracy(pixels, wanted)];
    expect(hits[0]!.dataSync()).toEqual(hits[1]!.dataSync());
    tf.dispose([x, t, pixels, wanted, value, ...hits]);
  },
);

test('values of any shape have a mean squared error', () => {
  const [a, b] = [tf.tensor3d([1, 2, 3, 4], [1, 2, 2]), tf.tensor3d([1, 0, 3, 1], [1, 2, 2])];
  const value = meanSquaredError(a, b);
  expect(value.dataSync()[0]).toBe(13 / 4);
  expect(() => meanSquaredError(a, tf.zeros([3]))).toThrow('The targets are float32 [3] for logits [1,2,2]');
  expect(() => accuracy(a, tf.zeros([3]))).toThrow('accuracy: the targets are [3] for logits [1,2,2]');
  tf.dispose([a, b, value]);
});

test('cross entropy is finite where logits are extreme', () => {
  const x = tf.tensor2d([[1e4, -1e4]]);
  const t = tf.tensor1d([1], 'int32');
  const [value, focal] = [softmaxCrossEntropy(x, t), focalLoss(x, t)];
  expect(value.dataSync()[0]).toBe(2e4);
  expect(focal.dataSync()[0]).toBe(2e4);
  tf.dispose([x, t, value, focal]);
});

test('what does not fit is refused', () => {
  const [x, classes, few] = [logits(), labels(), tf.tensor1d([0, 1], 'int32')];
  const floats = tf.tensor1d([0, 1, 2, 3, 4, 0]);
  expect(() => softmaxCrossEntropy(x, few)).toThrow(
    'The targets are int32 [2] for logits [6,5]; give classes, int32 [6], or soft targets [6,5].',
  );
  expect(() => meanSquaredError(x, floats)).toThrow('The targets are float32 [6]');
  expect(() => softmaxCrossEntropy(x, classes, { labelSmoothing: 1 })).toThrow('labelSmoothing is 1');
  expect(() => focalLoss(x, classes, { gamma: -1 })).toThrow('gamma is -1');
  expect(() => focalLoss(x, classes, { classWeights: [1] })).toThrow('There are 1 classWeights');
  tf.dispose([x, classes, few, floats]);
});
