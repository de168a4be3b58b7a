import * as tf from '@tensorflow/tfjs-core';
import '../../src/backends/simd/index.js';
import { focalLoss, softmaxCrossEntropy, type Loss } from '../../src/training/losses.js';
import { Metrics } from '../../src/training/metrics.js';
import { decodePredictions } from '../../src/vision/decode-predictions.js';
import { readGolden } from '../helpers/golden.js';

const golden = readGolden<{
  labels: number[];
  soft: number[];
  cases: {
    distance: number;
    logits: number[];
    losses: number[];
    cases: Record<string, { value: number; gradient: number[] }>;
  }[];
  masked: { value: number; gradient: number[]; others: string[] };
}>('far_logits.json');

const labels = () => tf.tensor1d(golden.labels, 'int32');
const soft = () => tf.tensor2d(golden.soft, [3, 5]);

const losses: Record<string, [targets: () => tf.Tensor1D | tf.Tensor2D, loss: Loss]> = {
  'cross entropy': [labels, softmaxCrossEntropy],
  'cross entropy, smoothed': [labels, (x, t) => softmaxCrossEntropy(x, t, { labelSmoothing: 0.1 })],
  'cross entropy, soft': [soft, softmaxCrossEntropy],
  'cross entropy, soft and smoothed': [soft, (x, t) => softmaxCrossEntropy(x, t, { labelSmoothing: 0.2 })],
  focal: [labels, focalLoss],
  'focal, soft': [soft, (x, t) => focalLoss(x, t, { gamma: 1 })],
};

/** A loss and its gradient by logits. */
function differentiate(
  logits: readonly number[],
  shape: [number, number],
  loss: (x: tf.Tensor2D) => tf.Scalar,
) {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad(loss as (x: tf.Tensor) => tf.Scalar)(
      tf.tensor2d([...logits], shape),
    );
    return { value: value.dataSync()[0]!, gradient: Array.from(grad.dataSync()) };
  });
}

describe.each(['cpu', 'simd'])('on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  describe.each(golden.cases)('logits that are $distance apart', ({ logits, cases }) => {
    test.each(Object.entries(losses))(
      '%s has the value and the gradient of PyTorch',
      (name, [targets, loss]) => {
        const { value, gradient } = differentiate(logits, [3, 5], (x) => loss(x, targets()));
        const expected = cases[name]!;
        expect(Math.abs(value - expected.value)).toBeLessThanOrEqual(1e-6 * Math.abs(expected.value) + 1e-7);
        // Relative to what a gradient of cross-entropy is at most, or to the largest of a focal loss.
        const most = Math.max(1, ...expected.gradient.map(Math.abs));
        gradient.forEach((slope, i) => {
          expect(Math.abs(slope - expected.gradient[i]!)).toBeLessThanOrEqual(1e-6 * most);
        });
      },
    );
  });

  test('a class of -Infinity takes no part, as in PyTorch', () => {
    const logits = [1, -Infinity, 2, 0.5, -Infinity, -1e4];
    const at = (classes: number[], loss: Loss) =>
      differentiate(logits, [2, 3], (x) => loss(x, tf.tensor1d(classes, 'int32')));
    const { value, gradient } = at([0, 2], softmaxCrossEntropy);
    expect(value).toBeCloseTo(golden.masked.value, 2);
    gradient.forEach((slope, i) => expect(slope).toBeCloseTo(golden.masked.gradient[i]!, 6));
    const smoothed = at([0, 2], (x, t) => softmaxCrossEntropy(x, t, { labelSmoothing: 0.1 }));
    const impossible = at([0, 1], softmaxCrossEntropy);
    expect([smoothed.value, impossible.value]).toEqual(
      golden.masked.others.map((v) => (v === 'inf' ? Infinity : NaN)),
    );
    expect(Number.isFinite(at([0, 2], focalLoss).value)).toBe(true);
  });

  test.each([0, 0.5, 1, 2])('a focal loss of gamma %d has a slope where a class is certain', (gamma) => {
    const targets = () => tf.tensor1d([0, 0], 'int32');
    const { value, gradient } = differentiate([300, 0, 0, 0, 300, 0], [2, 3], (x) =>
      focalLoss(x, targets(), { gamma }),
    );
    expect(value).toBeCloseTo(150, 4);
    expect(gradient.slice(0, 3)).toEqual([0, 0, 0]);
    expect(gradient[3]).toBeCloseTo(-0.5, 5);
  });
});

test.each(golden.cases)(
  'the loss of an evaluation is exact where logits are $distance apart',
  ({ logits, losses }) => {
    losses.forEach((expected, i) => {
      const metrics = new Metrics(5);
      metrics.add(Float32Array.from(logits.slice(5 * i, 5 * i + 5)), [golden.labels[i]!]);
      const { loss } = metrics.result();
      expect(Math.abs(loss - expected)).toBeLessThanOrEqual(1e-12 * expected);
    });
  },
);

test('classes whose probabilities are too small for a number keep their order', async () => {
  const logits = [-3000, 0, -1000, -4000, -2000, -2500, -1e30];
  const [classes] = await decodePredictions(tf.tensor2d(logits, [1, 7]), 7);
  expect(classes!.map(({ index }) => index)).toEqual([1, 2, 4, 5, 0, 3, 6]);
  expect(classes!.map(({ probability }) => probability)).toEqual([1, 0, 0, 0, 0, 0, 0]);

  const metrics = new Metrics(7);
  // The fifth of all, and the sixth.
  metrics.add(Float32Array.from([...logits, ...logits]), [0, 3]);
  expect(metrics.result().top5).toBe(0.5);
});

test('an impossible class is ranked last, and logits without probabilities are refused', async () => {
  const [classes] = await decodePredictions(tf.tensor2d([-Infinity, 1, 1], [1, 3]), 3);
  expect(classes!.map(({ index, probability }) => [index, probability])).toEqual([
    [1, expect.closeTo(0.5, 12)],
    [2, expect.closeTo(0.5, 12)],
    [0, 0],
  ]);
  for (const row of [
    [NaN, 1],
    [Infinity, 1],
    [-Infinity, -Infinity],
  ]) {
    expect(() => new Metrics(2).add(Float32Array.from(row), [0])).toThrow('logits that are not finite');
    await expect(decodePredictions(tf.tensor2d(row, [1, 2]), 1)).rejects.toThrow(
      'logits that are not finite',
    );
  }
});
