import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../src/core/errors.js';
import { fitMahalanobis, mahalanobisScores } from '../../src/robustness/mahalanobis.js';
import { measureDetection, outlierScores } from '../../src/robustness/outliers.js';
import { collectFeatures, collectLogits } from '../../src/training/collect-logits.js';
import { norm, readGolden, ruleValues, spread } from '../helpers/golden.js';
import { tinyData, tinyModel } from '../training/tiny.js';
import { goldenLogits } from './calibration/golden-logits.js';

interface Judged {
  readonly auroc: number;
  readonly falsePositiveRate95: number;
}
interface Summary {
  readonly norm: number;
  readonly spread: number[];
}

const golden = readGolden<{
  outliers: {
    features: number;
    shrinkage: number;
    distances: { known: Summary; others: Summary } & Judged;
    energy: Summary & Judged;
    'max-softmax': Summary & Judged;
    ties: Judged;
  };
}>('uncertainty.json').outliers;
const { logits, labels } = goldenLogits();

function expectSummary(values: Float64Array, { norm: length, spread: some }: Summary) {
  expect(norm(values) / length).toBeCloseTo(1, 7);
  spread(values, 8).forEach((value, i) => expect(value).toBeCloseTo(some[i]!, 6));
}

function expectJudged(scores: ArrayLike<number>, wanted: Judged) {
  const values = Array.from(scores);
  const quality = measureDetection(
    values.filter((_, i) => labels[i] !== 0),
    values.filter((_, i) => labels[i] === 0),
  );
  expect(quality.auroc).toBeCloseTo(wanted.auroc, 12);
  expect(quality.falsePositiveRate95).toBeCloseTo(wanted.falsePositiveRate95, 12);
}

test("energy, maximum softmax, AUROC and FPR95 are SciPy's and scikit-learn's, ties too", () => {
  const energy = outlierScores(logits, { temperature: 2 });
  expectSummary(energy, golden.energy);
  expectJudged(energy, golden.energy);
  const softmaxes = outlierScores(logits, { method: 'max-softmax' });
  expectSummary(softmaxes, golden['max-softmax']);
  expectJudged(softmaxes, golden['max-softmax']);
  expectJudged(
    softmaxes.map((score) => Math.round(2 * score)),
    golden.ties,
  );
});

/** The features of uncertainty.py. */
function features(): Float64Array[] {
  const values = ruleValues('features', labels.length * golden.features);
  return Array.from({ length: labels.length }, (_, i) => {
    const row = values.slice(i * golden.features, (i + 1) * golden.features);
    row[labels[i]!]! += 2;
    row[1]! += row[0]!;
    return row;
  });
}

test("Mahalanobis distances are those of scikit-learn's ShrunkCovariance", () => {
  const values = ruleValues('others', 100 * golden.features, 1.5, 0.3);
  const others = Array.from({ length: 100 }, (_, i) =>
    values.subarray(i * golden.features, (i + 1) * golden.features),
  );
  const fitted = fitMahalanobis(features(), labels, { shrinkage: golden.shrinkage });
  const [known, unknown] = [mahalanobisScores(fitted, features()), mahalanobisScores(fitted, others)];
  expectSummary(known, golden.distances.known);
  expectSummary(unknown, golden.distances.others);
  const { auroc, falsePositiveRate95 } = measureDetection(known, unknown);
  expect(auroc).toBeCloseTo(golden.distances.auroc, 12);
  expect(falsePositiveRate95).toBeCloseTo(golden.distances.falsePositiveRate95, 12);
});

test('features times the head are the logits, in the order of the data, and no tensor stays', async () => {
  const model = tinyModel();
  const data = tinyData(7);
  const { numTensors } = tf.memory();
  const collected = await collectFeatures(model, data, { batchSize: 3 });
  const expected = await collectLogits(model, data);
  expect(Array.from(collected.labels)).toEqual(Array.from(data.labels));
  const found = tf.tidy(() => {
    const x = tf.tensor2d(collected.features.map((row) => Array.from(row)));
    return model.head!.forward(x).arraySync();
  });
  found.forEach((row, i) => row.forEach((value, c) => expect(value).toBeCloseTo(expected.logits[i]![c]!, 5)));
  await expect(collectFeatures({ forward() {}, namedVariables() {} } as never, data)).rejects.toThrow(
    'collectFeatures: the model is no image classifier',
  );
  expect(tf.memory().numTensors).toBe(numTensors);
  model.dispose();
});

test.each<[string, () => unknown, RegExp]>([
  ['no scores', () => measureDetection([], [1]), /the known scores are 0/],
  ['a score of NaN', () => measureDetection([1], [NaN]), /the unknown scores/],
  ['logits of NaN', () => outlierScores([[NaN, 1]]), /gives no probabilities/],
  ['a temperature of 0', () => outlierScores([[0, 1]], { temperature: 0 }), /temperature is 0/],
  ['another method', () => outlierScores([[0, 1]], { method: 'odin' as never }), /method is 'odin'/],
  [
    'features of NaN',
    () => fitMahalanobis([[0], [NaN]], [0, 0]),
    /row 1 of the features is not 1 finite numbers/,
  ],
  ['labels of other length', () => fitMahalanobis([[0], [1]], [0]), /2 rows of features and 1 labels/],
  ['a negative label', () => fitMahalanobis([[0], [1]], [0, -1]), /a label is -1/],
  ['a class without example', () => fitMahalanobis([[0], [1]], [0, 2]), /class 1 has no example/],
  [
    'a singular covariance',
    () =>
      fitMahalanobis(
        [
          [0, 1],
          [1, 2],
          [2, 3],
        ],
        [0, 0, 0],
        { shrinkage: 0 },
      ),
    /is singular/,
  ],
  ['equal features', () => fitMahalanobis([[1], [1]], [0, 0]), /is singular/],
  ['a shrinkage of 1', () => fitMahalanobis([[0], [1]], [0, 0], { shrinkage: 1 }), /shrinkage is 1/],
  [
    'features of other length',
    () => mahalanobisScores(fitMahalanobis([[0], [1]], [0, 0]), [[1, 2]]),
    /has 2 features/,
  ],
])('%s is an error that says so', (_, call, message) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
});
