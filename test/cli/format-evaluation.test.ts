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
      'top-1 66.67 %, top-5 100.00 %, cross-entropy 0.5946, calibration error 36.67 %',
      '  cat    100.00 %',
      '  horse  50.00 %  1 as cat',
      '  ox         – %',
      'how many images of each class were taken for the first class, the second, and so on:',
      '  cat    1  0  0',
      '  horse  1  1  0',
      '  ox     0  0  0',
    ].join('\n'),
  );
});

test('leaves out the matrix of many classes', () => {
  const metrics = new Metrics(21);
  metrics.add(new Float32Array(21), [0]);
  const classes = Array.from({ length: 21 }, (_, i) => `class ${i}`);
  expect(formatEvaluation(metrics.result(), classes).split('\n')).toHaveLength(2 + 21);
});
