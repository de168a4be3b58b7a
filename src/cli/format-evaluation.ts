import type { Evaluation } from '../index.js';

/** With at most so many classes there is room for a matrix of counts. */
export const MOST_COUNTED = 20;

/**
 * An evaluation as text: the numbers; a row a class with its share of right answers and its commonest mistake; and of few
 * classes the confusion matrix.
 */
export function formatEvaluation(evaluation: Evaluation, classes: readonly string[]): string {
  const { images, top1, top5, loss, calibrationError, perClass, confusion } = evaluation;
  const width = Math.max(...classes.map((name) => name.length));
  const rows = classes.map((name, label) => {
    const mistakes = confusion[label]!.map((count, other) => (other === label ? 0 : count));
    const most = Math.max(...mistakes);
    const mistake = most > 0 ? `  ${most} as ${classes[mistakes.indexOf(most)]}` : '';
    return `  ${name.padEnd(width)}  ${percent(perClass[label]!)}${mistake}`;
  });
  return [
    `${images} images`,
    `top-1 ${percent(top1)}, top-5 ${percent(top5)}, cross-entropy ${loss.toFixed(4)}, ` +
      `calibration error ${percent(calibrationError)}`,
    ...rows,
    ...(classes.length > MOST_COUNTED ? [] : formatConfusion(confusion, classes)),
  ].join('\n');
}

function formatConfusion(confusion: Evaluation['confusion'], classes: readonly string[]): string[] {
  const width = Math.max(...classes.map((name) => name.length));
  const digits = String(Math.max(...confusion.flat())).length;
  const row = (counts: readonly number[]) => counts.map((count) => String(count).padStart(digits)).join('  ');
  return [
    'how many images of each class were taken for the first class, the second, and so on:',
    ...confusion.map((counts, label) => `  ${classes[label]!.padEnd(width)}  ${row(counts)}`),
  ];
}

/** A share in per cent. */
export function percent(share: number, digits = 2): string {
  return Number.isNaN(share) ? '    – %' : `${(100 * share).toFixed(digits).padStart(3 + digits)} %`;
}
