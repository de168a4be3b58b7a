import { Metrics, type Evaluation } from '../../src/training/metrics.js';
import { readGolden } from '../helpers/golden.js';

const { evaluation: golden } = readGolden<{
  evaluation: Evaluation & { probabilities: number[]; labels: number[] };
}>('training.json');

test('the metrics are those of torchmetrics, whatever the batches', () => {
  const metrics = new Metrics(7);
  for (const [from, to] of [
    [0, 50],
    [50, 51],
    [51, 200],
  ] as const) {
    const rows = Float32Array.from(golden.probabilities.slice(7 * from, 7 * to), Math.log);
    metrics.add(rows, golden.labels.slice(from, to));
  }
  const result = metrics.result();
  expect(result.images).toBe(200);
  for (const key of ['loss', 'top1', 'top5', 'calibrationError'] as const) {
    expect(result[key]).toBeCloseTo(golden[key], 6);
  }
  result.perClass.forEach((share, i) => expect(share).toBeCloseTo(golden.perClass[i]!, 6));
  expect(result.confusion).toEqual(golden.confusion);

  const { calibration } = result;
  const sum = (of: (bin: (typeof calibration)[number]) => number) =>
    calibration.reduce((total, bin) => total + (bin.images && of(bin)), 0) / 200;
  expect(sum(({ images }) => images)).toBe(1);
  expect(sum(({ images, accuracy }) => images * accuracy)).toBeCloseTo(golden.top1, 6);
  const error = sum(({ images, accuracy, confidence }) => images * Math.abs(accuracy - confidence));
  expect(error).toBeCloseTo(golden.calibrationError, 6);
  expect(calibration).toHaveLength(15);
  calibration.forEach(({ images, confidence }, i) => {
    if (images === 0) return;
    expect(confidence).toBeGreaterThan(i / 15);
    expect(confidence).toBeLessThanOrEqual((i + 1) / 15 + 1e-6);
  });
});

test('of equal logits the first class counts', () => {
  const metrics = new Metrics(6);
  metrics.add(new Float32Array(12).fill(1 / 6), [4, 5]);
  const { top1, top5, confusion, perClass } = metrics.result();
  expect([top1, top5]).toEqual([0, 0.5]);
  expect(confusion[4]).toEqual([1, 0, 0, 0, 0, 0]);
  expect(perClass).toEqual([NaN, NaN, NaN, NaN, 0, 0]);
});

test('confidence of exactly 0 or 1 has a bin, and a certain error its loss', () => {
  const metrics = new Metrics(2);
  metrics.add(Float32Array.of(1000, 0, 1000, 0), [0, 1]);
  const { loss, calibrationError, calibration } = metrics.result();
  expect(calibrationError).toBe(0.5);
  expect(calibration[0]).toEqual({ images: 0, confidence: NaN, accuracy: NaN });
  expect(calibration[14]).toEqual({ images: 2, confidence: 1, accuracy: 0.5 });
  expect(loss).toBe(500);
});

test('no images are refused', () => {
  expect(() => new Metrics(2).result()).toThrow('There were no images to evaluate on; give at least one.');
});
