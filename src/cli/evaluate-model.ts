import '#backends';
import { evaluate } from '../training/evaluate.js';
import { writeChart } from './chart.js';
import { evaluationChart } from './evaluation-chart.js';
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
}

/** Prints, and draws where the options say so, how well a network classifies a data set. */
export async function evaluateModel(options: EvaluateOptions): Promise<void> {
  const { size, batchSize } = options;
  const data = await openDataset(options.data, 'test');
  const model = await loadModel(options, data.classes.length);
  try {
    model.fuse();
    const evaluation = await withProgressBar(data.labels.length, (onProgress) =>
      evaluate(model, data, { size, batchSize, onProgress }),
    );
    console.log(
      options.json
        ? JSON.stringify({ classes: data.classes, ...evaluation }, null, 2)
        : formatEvaluation(evaluation, data.classes),
    );
    if (options.plot !== undefined) {
      const { option, size } = evaluationChart(evaluation, data.classes);
      await writeChart(options.plot, option, size);
    }
  } finally {
    model.dispose();
  }
}
