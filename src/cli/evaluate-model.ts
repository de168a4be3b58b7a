import '#backends';
import { checkOrder } from '../models/labels/check-labels.js';
import { evaluate } from '../training/evaluate.js';
import type { ClassMapping } from '../training/match-classes.js';
import { writeChart } from './chart.js';
import { readLabels } from './class-names.js';
import { evaluationChart } from './evaluation-chart.js';
import type { SkippedFile } from '../training/data/skipped.js';
import { formatData } from './fine-tune-report.js';
import { formatEvaluation } from './format-evaluation.js';
import { embeddedName, loadModel, type WeightsOptions } from './load-model.js';
import { openDataset } from './open-dataset.js';
import { withProgressBar } from './progress-bar.js';

/** The options of `skipscale evaluate`. */
export interface EvaluateOptions extends Omit<WeightsOptions, 'weights'> {
  data: string;
  weights?: string;
  batchSize: number;
  classes?: ClassMapping;
  labels?: string;
  json?: boolean;
  plot?: string;
  skipBroken?: boolean;
}

/** Said where the file of weights does not name its classes. */
const BY_PLACE =
  "skipscale: the network's classes have no names, and are taken to be the data's in the same order; --labels names them.";

/** Prints, and draws where the options say so, how well a network classifies a data set. */
export async function evaluateModel(options: EvaluateOptions): Promise<void> {
  const { size, batchSize, classes } = options;
  const weights = options.weights ?? embeddedName(options.model);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels);
  const skipped: SkippedFile[] = [];
  const data = await openDataset(options.data, 'test', {
    skipBroken: options.skipBroken,
    onSkip: (file) => skipped.push(file),
  });
  if (skipped.length > 0) console.error(formatData(data.labels.length, data.classes.length, skipped));
  const model = await loadModel({ ...options, weights }, labels?.length ?? data.classes.length);
  try {
    if (labels) {
      const known = model.labels;
      model.labels = labels;
      checkOrder(labels, known);
    }
    if (!model.labels && !classes && model.classes === data.classes.length) console.error(BY_PLACE);
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
  } finally {
    model.dispose();
  }
}
