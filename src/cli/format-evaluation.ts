import type { Evaluation } from '../index.js';

/** An evaluation as text: the numbers, then a row a class with its share of right answers and its commonest mistake. */
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
  ].join('\n');
}

/** A share in per cent. */
export function percent(share: number): string {
  return Number.isNaN(share) ? '    – %' : `${(100 * share).toFixed(2).padStart(5)} %`;
}
