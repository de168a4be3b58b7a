import { counted } from '../core/counted.js';
import type { Evaluation } from '../index.js';

/** With at most so many classes there is room for a matrix of counts. */
export const MOST_COUNTED = 20;

/** With at most so many classes every answer is among the first five. */
const TOP = 5;

/**
 * An evaluation as text: the numbers; a row a class with its share of right answers and its commonest mistake; and of few
 * classes the confusion matrix. Classes that neither the data nor the answers have are left out.
 */
export function formatEvaluation(evaluation: Evaluation, classes: readonly string[]): string {
  const { images, top1, top5, loss, calibrationError, perClass, confusion } = evaluation;
  const shown = seenClasses(confusion);
  const width = widest(shown, classes);
  const rows = shown.map((label) => {
    const mistakes = confusion[label]!.map((count, other) => (other === label ? 0 : count));
    const most = Math.max(...mistakes);
    const mistake = most > 0 ? `  ${most} as ${classes[mistakes.indexOf(most)]}` : '';
    return `  ${classes[label]!.padEnd(width)}  ${percent(perClass[label]!)}${mistake}`;
  });
  const others = classes.length - shown.length;
  return [
    counted(images, 'image'),
    `top-1 ${percent(top1)}, ${classes.length > TOP ? `top-5 ${percent(top5)}, ` : ''}cross-entropy ${loss.toFixed(4)}, ` +
      `calibration error ${percent(calibrationError)}`,
    ...rows,
    ...(others > 0
      ? [`  (${counted(others, 'class', 'classes')} that neither the data nor the answers have)`]
      : []),
    ...(shown.length > MOST_COUNTED ? [] : formatConfusion(confusion, shown, classes)),
  ].join('\n');
}

/** The classes that an image is of or was taken for. */
function seenClasses(confusion: Evaluation['confusion']): number[] {
  const answered = new Set(
    confusion.flatMap((row) => row.flatMap((count, answer) => (count > 0 ? [answer] : []))),
  );
  return [...confusion.keys()].filter(
    (label) => answered.has(label) || confusion[label]!.some((count) => count > 0),
  );
}

function formatConfusion(
  confusion: Evaluation['confusion'],
  shown: readonly number[],
  classes: readonly string[],
): string[] {
  const width = widest(shown, classes);
  const digits = String(Math.max(...confusion.flat())).length;
  const row = (label: number) =>
    shown.map((answer) => String(confusion[label]![answer]).padStart(digits)).join('  ');
  return [
    'how many images of each class were taken for the first of these classes, the second, and so on:',
    ...shown.map((label) => `  ${classes[label]!.padEnd(width)}  ${row(label)}`),
  ];
}

function widest(shown: readonly number[], classes: readonly string[]): number {
  return Math.max(...shown.map((label) => classes[label]!.length));
}

/** A share in per cent. */
export function percent(share: number, digits = 2): string {
  return Number.isNaN(share) ? '    – %' : `${(100 * share).toFixed(digits).padStart(3 + digits)} %`;
}
