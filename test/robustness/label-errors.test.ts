import { ArgumentError } from '../../src/core/errors.js';
import { findLabelErrors } from '../../src/robustness/label-errors.js';
import { readGolden, spread } from '../helpers/golden.js';
import { goldenLogits } from './calibration/golden-logits.js';
import { softmax } from '../../src/robustness/labelled-logits.js';

const golden = readGolden<{
  labelErrors: {
    labels: number[];
    found: Record<'noise-rate' | 'confident-joint', number[]>;
    quality: { spread: number[] };
  };
}>('uncertainty.json').labelErrors;
const { logits } = goldenLogits();
const { labels } = golden;

test.each(['noise-rate', 'confident-joint'] as const)(
  "with %s, the errors and their order are cleanlab's",
  (method) => {
    const found = findLabelErrors({ logits, labels }, { method });
    expect(found.map(({ index }) => index)).toEqual(golden.found[method]);
    for (const { index, label, suggestion, selfConfidence } of found) {
      expect(label).toBe(labels[index]);
      expect(suggestion).not.toBe(label);
      expect(selfConfidence).toBe(softmax(logits[index]!)[label]);
    }
  },
);

test("the probability of its label is cleanlab's quality of it", () => {
  const quality = logits.map((row, i) => softmax(row)[labels[i]!]!);
  spread(quality, 8).forEach((value, i) => expect(value).toBeCloseTo(golden.quality.spread[i]!, 8));
});

test('of labels that a sure network contradicts, those that were changed are found, and no others', () => {
  const right = Array.from({ length: 60 }, (_, i) => i % 3);
  const rows = right.map((c, i) => [0, 1, 2].map((other) => (other === c ? 4 + (i % 7) / 10 : 0)));
  const wrong = new Set([4, 17, 40]);
  const changed = right.map((c, i) => (wrong.has(i) ? (c + 1) % 3 : c));
  for (const method of ['noise-rate', 'confident-joint'] as const) {
    const found = findLabelErrors({ logits: rows, labels: changed }, { method });
    expect(new Set(found.map(({ index }) => index))).toEqual(wrong);
    expect(found.every(({ index, suggestion }) => suggestion === right[index])).toBe(true);
    expect(findLabelErrors({ logits: rows, labels: right }, { method })).toEqual([]);
  }
});

test('a class without example has no errors', () => {
  const rows = [
    [3, 0, 1],
    [2, 0, 1],
    [0, 3, 1],
    [5, 1, 0],
  ];
  expect(findLabelErrors({ logits: rows, labels: [0, 0, 1, 1] }).map(({ index }) => index)).toEqual([3]);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'labels of other length',
    () => findLabelErrors({ logits, labels: [1] }),
    /400 rows of logits and 1 labels/,
  ],
  ['a label out of range', () => findLabelErrors({ logits: [[1, 2]], labels: [2] }), /label 0 is 2/],
  ['NaN', () => findLabelErrors({ logits: [[NaN, 2]], labels: [1] }), /gives no probabilities/],
  [
    'another method',
    () => findLabelErrors({ logits, labels }, { method: 'both' as never }),
    /method is 'both'/,
  ],
])('%s is an error that says so', (_, call, message) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
});
