import '#backends';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkOrder } from '../models/labels/check-labels.js';
import type { SkippedFile } from '../training/data/skipped.js';
import type { ClassMapping } from '../training/match-classes.js';
import { readLabels } from './class-names.js';
import { formatData } from './fine-tune-report.js';
import { embeddedName, loadModel, type WeightsOptions } from './load-model.js';
import { openDataset, type OpenedDataset } from './open-dataset.js';

/** What tells a network and the labelled images to judge it by. */
export interface EvaluationOptions extends Omit<WeightsOptions, 'weights'> {
  data: string;
  weights?: string;
  batchSize: number;
  classes?: ClassMapping;
  labels?: string;
  skipBroken?: boolean;
}

/** Said where the file of weights does not name its classes. */
const BY_PLACE =
  "skipscale: the network's classes have no names, and are taken to be the data's in the same order; --labels names them.";

/** Gives a network and data to `work`; the network is freed afterwards. */
export async function withEvaluation(
  options: EvaluationOptions,
  work: (model: ImageClassifier, data: OpenedDataset) => Promise<void>,
): Promise<void> {
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
    if (!model.labels && !options.classes && model.classes === data.classes.length) console.error(BY_PLACE);
    await work(model, data);
  } finally {
    model.dispose();
  }
}
