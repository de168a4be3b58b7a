import { readFile } from 'node:fs/promises';
import { ArgumentError } from '../core/errors.js';
import {
  commonCorruptions,
  extraCorruptions,
  type CorruptionName,
} from '../robustness/corruptions/corrupt.js';
import {
  alexNetErrors,
  evaluateCorruptions,
  type CorruptionErrors,
  type CorruptionEvaluation,
} from '../robustness/corruptions/evaluate-corruptions.js';
import { isRecord } from '../weights/formats/json-values.js';
import { percent } from './format-evaluation.js';
import { withEvaluation, type EvaluationOptions } from './open-evaluation.js';
import { withProgressBar } from './progress-bar.js';

/** The options of `skipscale evaluate --corruptions`. */
export interface CorruptionOptions extends EvaluationOptions {
  corruptions: string | true;
  baseline?: string;
  json?: boolean;
}

/** Prints how well a network classifies a data set with corruptions. */
export async function evaluateWithCorruptions(options: CorruptionOptions): Promise<void> {
  const { size, batchSize, classes } = options;
  const corruptions = corruptionsOf(options.corruptions);
  const baseline = await readBaseline(options.baseline);
  await withEvaluation(options, async (model, data) => {
    model.fuse();
    const total = data.labels.length * (1 + 5 * corruptions.length);
    const evaluation = await withProgressBar(total, (onProgress) =>
      evaluateCorruptions(model, data, { size, batchSize, classes, corruptions, onProgress, ...baseline }),
    );
    console.log(options.json ? JSON.stringify(evaluation, null, 2) : formatCorruptions(evaluation));
  });
}

function corruptionsOf(list: string | true): readonly CorruptionName[] {
  if (list === true || list === 'common') return commonCorruptions;
  if (list === 'all') return [...commonCorruptions, ...extraCorruptions];
  return list.split(',') as CorruptionName[];
}

/** AlexNet's errors, or those of a file that `--json` printed. */
async function readBaseline(
  baseline: string | undefined,
): Promise<{ baseline?: CorruptionErrors; baselineError?: number }> {
  if (baseline === undefined) return {};
  if (baseline === 'alexnet') return { baseline: alexNetErrors };
  const refuse = () =>
    new ArgumentError(
      `The baseline ${baseline} cannot be read; give alexnet, or a file that evaluate --corruptions --json printed.`,
    );
  const text = await readFile(baseline, 'utf8').catch(() => {
    throw refuse();
  });
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || !isRecord(value['errors'])) throw refuse();
    return {
      baseline: value['errors'] as CorruptionErrors,
      baselineError: Number(value['cleanError']),
    };
  } catch {
    throw refuse();
  }
}

/** A row of errors for each corruption, at severities 1 to 5 and their mean. */
export function formatCorruptions(evaluation: CorruptionEvaluation): string {
  const { cleanError, bySeverity, errors, meanError } = evaluation;
  const names = Object.keys(bySeverity) as CorruptionName[];
  const width = Math.max(...names.map((name) => name.length));
  const shares = (list: readonly number[]) => list.map((each) => percent(each, 1)).join('  ');
  const ratio = (what: string, value: number | undefined) =>
    value === undefined ? [] : [`${what} ${percent(value, 1).trim()}`];
  return [
    `error without corruption ${percent(cleanError, 1).trim()}; with each at severities 1 to 5, and the mean:`,
    ...names.map((name) => `  ${name.padEnd(width)}  ${shares([...bySeverity[name]!, errors[name]!])}`),
    `mean error ${percent(meanError, 1).trim()}`,
    ...ratio('mean corruption error', evaluation.meanCorruptionError),
    ...ratio('relative mean corruption error', evaluation.relativeMeanCorruptionError),
  ].join('\n');
}
