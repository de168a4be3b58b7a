import '#backends';
import { evaluate } from '../training/evaluate.js';
import { writeChart } from './chart.js';
import { evaluationChart } from './evaluation-chart.js';
import type { SkippedFile } from '../training/data/skipped.js';
import { formatData } from './fine-tune-report.js';
import { formatEvaluation } from './format-evaluation.js';
import { loadModel, type WeightsOptions } from './load-model.js';
import { openDataset } from './open-dataset.js';
import { withProgressBar } from './progress-bar.js';

/** The options of `skipscale evaluate`. */
export interface EvaluateOptions extends WeightsOptions {
  data: string;
  batchSize: number;
  json?: boolean;
  plot?: string;
  skipBroken?: boolean;
}

/** Prints, and draws where the options say so, how well a network classifies a data set. */
export async function evaluateModel(options: EvaluateOptions): Promise<void> {
  const { size, batchSize } = options;
  const skipped: SkippedFile[] = [];
  const data = await openDataset(options.data, 'test', {
    skipBroken: options.skipBroken,
    onSkip: (file) => skipped.push(file),
  });
  if (skipped.length > 0) console.error(formatData(data.labels.length, data.classes.length, skipped));
  const model = await loadModel(options, data.classes.length);
  try {
    model.fuse();
    const evaluation = await withProgressBar(data.labels.length, (onProgress) =>
      evaluate(model, data, { size, batchSize, onProgress }),
    );
    const classes = model.labels ?? data.classes;
    console.log(
      options.json
        ? JSON.stringify({ classes, ...evaluation }, null, 2)
        : formatEvaluation(evaluation, classes),
    );
    if (options.plot !== undefined) {
      const { option, size } = evaluationChart(evaluation, classes);
      await writeChart(options.plot, option, size);
    }
  } finally {
    model.dispose();
  }
}
