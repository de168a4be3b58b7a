import { ArgumentError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import {
  conformityScores,
  fitConformal,
  measureSets,
  predictionSets,
} from '../../src/robustness/conformal.js';
import { softmax } from '../../src/robustness/labelled-logits.js';
import type { LabelledLogits } from '../../src/training/collect-logits.js';
import { norm, readGolden, spread } from '../helpers/golden.js';
import { goldenLogits } from './calibration/golden-logits.js';

interface Summary {
  readonly norm: number;
  readonly spread: number[];
}

const golden = readGolden<{
  conformal: Record<'0.0' | '0.25' | '1.0', { aps: Summary; raps: Summary }> & {
    lac: Summary;
    sets: Record<string, { sizes: number[]; coverage: number }>;
  };
}>('uncertainty.json').conformal;
const { logits, labels } = goldenLogits();
const part = (from: number, to: number): LabelledLogits => ({
  logits: logits.slice(from, to),
  labels: Array.from(labels).slice(from, to),
});

function expectSummary(values: number[], { norm: length, spread: some }: Summary) {
  expect(norm(values)).toBeCloseTo(length, 6);
  spread(values, 8).forEach((value, i) => expect(value).toBeCloseTo(some[i]!, 7));
}

test.each(['0.0', '0.25', '1.0'] as const)(
  "scores of APS and RAPS are torchcp's where chance gives %s",
  (u) => {
    const random = { uniform: () => Number(u) };
    for (const method of ['aps', 'raps'] as const) {
      const settings = { method, randomized: true, penalty: 0.25, free: 2 };
      const scores = logits.flatMap((row) => Array.from(conformityScores(settings, softmax(row), random)));
      expectSummary(scores, golden[u][method]);
    }
  },
);

test("scores and sets of LAC are torchcp's and MAPIE's", () => {
  const settings = { method: 'lac', randomized: false, penalty: 0, free: 0 } as const;
  const scores = logits.flatMap((row) => Array.from(conformityScores(settings, softmax(row), new Random(0))));
  expectSummary(scores, golden.lac);
  for (const [coverage, { sizes, coverage: reached }] of Object.entries(golden.sets)) {
    const conformal = fitConformal(part(0, 200), { method: 'lac', coverage: Number(coverage) });
    const rest = part(200, 400);
    const sets = predictionSets(conformal, rest.logits);
    expect(sets.map((set) => set.length)).toEqual(sizes);
    expect(measureSets(sets, rest.labels).coverage).toBeCloseTo(reached, 12);
  }
});

/** Logits and labels of which the first are not quite right about the second. */
function drawn(count: number, random: Random): LabelledLogits {
  const rows = Array.from({ length: count }, () => Array.from(random.uniformArray(6, -2, 2)));
  const drawnLabels = rows.map((row) => {
    let left = random.uniform();
    const found = softmax(row).findIndex((p) => (left -= p) < 0);
    return found < 0 ? 5 : found;
  });
  return { logits: rows.map((row) => row.map((logit) => 3 * logit)), labels: drawnLabels };
}

test.each([
  ['lac', 0.9, false],
  ['aps', 0.8, true],
  ['raps', 0.9, true],
] as const)('the mean coverage of %s is k / (n + 1) for every coverage', (method, coverage, randomized) => {
  const random = new Random(7);
  const rounds = 400;
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    const conformal = fitConformal(drawn(49, random), { method, coverage, randomized, seed: round });
    const test = drawn(60, random);
    sum += measureSets(predictionSets(conformal, test.logits, { seed: 1000 + round }), test.labels).coverage;
  }
  // Its deviation in a round is about 0.06, that of the mean 0.003.
  expect(Math.abs(sum / rounds - Math.ceil(50 * coverage) / 50)).toBeLessThan(0.012);
});

test('without chance, sets of APS hold one class at least and the right one at least as often as was asked for', () => {
  const random = new Random(3);
  const conformal = fitConformal(drawn(500, random), { method: 'aps', coverage: 0.9 });
  const { logits: rows, labels: right } = drawn(2000, random);
  const { coverage, sizes, meanSize } = measureSets(predictionSets(conformal, rows), right);
  expect(sizes[0]).toBe(0);
  expect(coverage).toBeGreaterThan(0.87);
  expect(meanSize).toBeCloseTo(sizes.reduce((sum, count, size) => sum + count * size, 0) / 2000, 12);
  const raps = fitConformal(drawn(500, random), { method: 'raps', coverage: 0.9, penalty: 0.3, free: 1 });
  expect(measureSets(predictionSets(raps, rows), right).sizes.length).toBeLessThanOrEqual(sizes.length);
});

test('the likeliest class comes first, the same seed gives the same sets, and a threshold is plain data', () => {
  const conformal = fitConformal(part(0, 300), { coverage: 0.95, method: 'aps', randomized: true });
  const kept = JSON.parse(JSON.stringify(conformal)) as typeof conformal;
  expect(kept).toEqual(conformal);
  const rows = part(300, 400).logits;
  const sets = predictionSets(conformal, rows, { seed: 4 });
  expect(predictionSets(kept, rows, { seed: 4 })).toEqual(sets);
  expect(predictionSets(kept, rows, { seed: 5 })).not.toEqual(sets);
  sets.forEach((set, i) => {
    const logitsOf = set.map((c) => rows[i]![c]!);
    expect(logitsOf).toEqual([...logitsOf].sort((a, b) => b - a));
  });
  // Too few examples to leave out any class.
  const few = fitConformal(part(0, 5), { coverage: 0.9 });
  expect(few.threshold).toBeNull();
  expect(predictionSets(few, rows)[0]).toHaveLength(5);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'no coverage',
    () => fitConformal(part(0, 9), { coverage: 1 }),
    /coverage is 1; give a number above 0 and below 1/,
  ],
  ['labels of other length', () => fitConformal({ logits, labels: [0] }), /400 rows of logits and 1 labels/],
  ['a label out of range', () => fitConformal({ logits: [[0, 1]], labels: [-1] }), /label 0 is -1/],
  ['another method', () => fitConformal(part(0, 9), { method: 'saps' as never }), /method is 'saps'/],
  ['a negative penalty', () => fitConformal(part(0, 9), { penalty: -1 }), /penalty is -1/],
  [
    'NaN',
    () => predictionSets(fitConformal(part(0, 9)), [[0, NaN, 0, 0, 0]]),
    /row 0 of the logits gives no probabilities/,
  ],
  [
    'other classes',
    () => predictionSets(fitConformal(part(0, 9)), [[0, 1]]),
    /have 2 classes, and the threshold is of 5/,
  ],
  ['no sets', () => measureSets([], []), /0 sets and 0 labels/],
])('%s is an error that says so', (_, call, message) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
});
