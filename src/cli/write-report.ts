import { replaceFile } from '../core/replace-file.js';
import { report } from '../robustness/report/report.js';
import { checkOutFolder } from './check-out.js';
import { withEvaluation, type EvaluationOptions } from './open-evaluation.js';
import { withProgressBar } from './progress-bar.js';

/** The options of `skipscale report`. */
export interface ReportCommandOptions extends EvaluationOptions {
  out: string;
  title?: string;
  images: number;
  explanations: boolean;
  corruptions?: number;
  attacks?: number;
}

/** Writes a report on a network. */
export async function writeReport(options: ReportCommandOptions): Promise<void> {
  const { size, batchSize, classes, out, title, images, explanations, corruptions, attacks } = options;
  const given = { title, images, explanations, corruptions, attacks };
  await checkOutFolder(out);
  await withEvaluation(options, async (model, data) => {
    const page = await withProgressBar(data.labels.length, (onProgress) =>
      report(model, data, { ...given, size, batchSize, classes, onProgress }),
    );
    await replaceFile(out, page);
    console.log(`${out}: ${(page.length / 2 ** 20).toFixed(1)} MB`);
  });
}
