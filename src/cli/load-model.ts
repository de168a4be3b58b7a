import type { ConventionName } from '../models/convention-names.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { buildModel } from '../pretrained/build.js';
import { pretrainedWeights } from '../pretrained/pretrained-weights.js';
import { load } from '../weights/load.js';
import { loadWeights } from '../weights/load-weights.js';
import { withDownloadBar } from './download-bar.js';
import type { ShapeOptions } from './model-options.js';
import { weightsFile } from './weights-file.js';

/** What tells a network and its weights. */
export interface WeightsOptions extends ShapeOptions {
  model?: string;
  /** A name, a data set's name, a file, or a folder that `train` wrote. */
  weights: string;
  convention?: ConventionName;
}

/**
 * The named network, filled, or the one that the weights are of.
 * @param classes - Of the named network; undefined for as many as it was published with. Published weights have their own.
 */
export async function loadModel(
  { model: name, weights: given, convention, width, depth, size, shortcut }: WeightsOptions,
  classes: number | undefined,
): Promise<ImageClassifier> {
  const shape = { width, depth, size, shortcut };
  const published = pretrainedWeights.find((entry) => entry.name === given);
  const isDataset = pretrainedWeights.some(({ dataset }) => dataset === given);
  if (published || isDataset) {
    const model = name ?? published?.model;
    if (model === undefined) {
      throw new Error(`--weights ${given} are of several networks; name one, such as --model resnet50.`);
    }
    return withDownloadBar((onProgress) =>
      buildModel(model, { weights: given, convention, onProgress, ...shape }),
    );
  }
  const weights = await weightsFile(given);
  if (name === undefined) {
    if ([width, depth, shortcut].some((option) => option !== undefined)) {
      throw new Error('--width, --depth and --shortcut change the network that --model names; give it too.');
    }
    return withDownloadBar((onProgress) => load(weights, { convention, onProgress }));
  }
  const model = buildModel(name, { initialize: false, convention, ...(classes && { classes }), ...shape });
  try {
    await withDownloadBar((onProgress) => loadWeights(model, weights, { onProgress }));
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}
