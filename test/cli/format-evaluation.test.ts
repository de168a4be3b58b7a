import { formatEvaluation } from '../../src/cli/format-evaluation.js';
import { Metrics } from '../../src/training/metrics.js';

test('says everything, and shows the confusion matrix', () => {
  const metrics = new Metrics(3);
  const rows = [
    [0.8, 0.1, 0.1],
    [0.6, 0.3, 0.1],
    [0.2, 0.7, 0.1],
  ];
  metrics.add(Float32Array.from(rows.flat(), Math.log), [0, 1, 1]);
  expect(formatEvaluation(metrics.result(), ['cat', 'horse', 'ox'])).toBe(
    [
      '3 images',
      'top-1 66.67 %, cross-entropy 0.5946, calibration error 36.67 %',
      '  cat    100.00 %',
      '  horse  50.00 %  1 as cat',
      '  (1 class that neither the data nor the answers have)',
      'how many images of each class were taken for the first of these classes, the second, and so on:',
      '  cat    1  0',
      '  horse  1  1',
    ].join('\n'),
  );
});

test('leaves out the matrix of many classes', () => {
  const metrics = new Metrics(21);
  const classes = Array.from({ length: 21 }, (_, i) => `class ${i}`);
  metrics.add(
    new Float32Array(21 * 21),
    classes.map((_, i) => i),
  );
  expect(formatEvaluation(metrics.result(), classes).split('\n')).toHaveLength(2 + 21);
});

test('top-5 is printed of more than five classes, and one image is one image', () => {
  const metrics = new Metrics(6);
  metrics.add(new Float32Array([9, 0, 0, 0, 0, 0]), [0]);
  const lines = formatEvaluation(metrics.result(), ['a', 'b', 'c', 'd', 'e', 'f']).split('\n');
  expect(lines[0]).toBe('1 image');
  expect(lines[1]).toMatch(/^top-1 100\.00 %, top-5 100\.00 %, /);
});

test('classes that neither the data nor the answers have are left out', () => {
  const metrics = new Metrics(4);
  // Of class 1, taken for class 3.
  metrics.add(new Float32Array([0, 0, 0, 9]), [1]);
  expect(formatEvaluation(metrics.result(), ['a', 'b', 'c', 'd']).split('\n').slice(2)).toEqual([
    '  b   0.00 %  1 as d',
    '  d      – %',
    '  (2 classes that neither the data nor the answers have)',
    'how many images of each class were taken for the first of these classes, the second, and so on:',
    '  b  0  1',
    '  d  0  0',
  ]);
});
