import {
  buildModel,
  load,
  loadWeights,
  pretrainedWeights,
  type ConventionName,
  type ImageClassifier,
} from '../index.js';
import { withDownloadBar } from './download-bar.js';
import type { ShapeOptions } from './model-options.js';

/** What tells a network and its weights. */
export interface WeightsOptions extends ShapeOptions {
  model?: string;
  weights: string;
  convention?: ConventionName;
}

/**
 * The named network, filled, or the one that the weights are of.
 * @param classes - Of the named network; undefined for as many as it was published with. Published weights have their own.
 */
export async function loadModel(
  { model: name, weights, convention, width, depth, size, shortcut }: WeightsOptions,
  classes: number | undefined,
): Promise<ImageClassifier> {
  const shape = { width, depth, size, shortcut };
  const published = pretrainedWeights.find((entry) => entry.name === weights);
  const isDataset = pretrainedWeights.some(({ dataset }) => dataset === weights);
  if (published || isDataset) {
    const model = name ?? published?.model;
    if (model === undefined) {
      throw new Error(`--weights ${weights} are of several networks; name one, such as --model resnet50.`);
    }
    return withDownloadBar((onProgress) => buildModel(model, { weights, convention, onProgress, ...shape }));
  }
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
