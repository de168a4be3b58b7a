import { evaluate } from '../training/evaluate.js';
import { writeChart } from './chart.js';
import { checkOutFolder } from './check-out.js';
import { evaluationChart } from './evaluation-chart.js';
import { formatEvaluation } from './format-evaluation.js';
import { withEvaluation, type EvaluationOptions } from './open-evaluation.js';
import { withProgressBar } from './progress-bar.js';

/** The options of `skipscale evaluate`. */
export interface EvaluateOptions extends EvaluationOptions {
  json?: boolean;
  plot?: string;
}

/** Prints, and draws where the options say so, how well a network classifies a data set. */
export async function evaluateModel(options: EvaluateOptions): Promise<void> {
  const { size, batchSize, classes } = options;
  if (options.plot !== undefined) await checkOutFolder(options.plot);
  await withEvaluation(options, async (model, data) => {
    model.fuse();
    const evaluation = await withProgressBar(data.labels.length, (onProgress) =>
      evaluate(model, data, { size, batchSize, classes, onProgress }),
    );
    const names = model.labels ?? data.classes;
    console.log(
      options.json
        ? JSON.stringify({ classes: names, ...evaluation }, null, 2)
        : formatEvaluation(evaluation, names),
    );
    if (options.plot !== undefined) {
      const { option, size } = evaluationChart(evaluation, names);
      await writeChart(options.plot, option, size);
    }
  });
}
