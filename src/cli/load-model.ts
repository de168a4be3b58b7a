import {
  buildModel,
  load,
  loadWeights,
  type ConventionName,
  type ImageClassifier,
  type ModelOptions,
} from '../index.js';
import { withDownloadBar } from './download-bar.js';

/** What tells a network and its weights. */
export interface WeightsOptions extends Pick<ModelOptions, 'width' | 'depth' | 'size'> {
  model?: string;
  weights: string;
  convention?: ConventionName;
}

/**
 * The named network, filled, or the one that the weights are of.
 * @param classes - Of the named network; undefined for as many as it was published with.
 */
export async function loadModel(
  { model: name, weights, convention, width, depth, size }: WeightsOptions,
  classes: number | undefined,
): Promise<ImageClassifier> {
  if (name === undefined) {
    if (width !== undefined || depth !== undefined) {
      throw new Error('--width and --depth scale the network that --model names; give it too.');
    }
    return withDownloadBar((onProgress) => load(weights, { convention, onProgress }));
  }
  const scale = { width, depth, size };
  const model = buildModel(name, { initialize: false, convention, ...(classes && { classes }), ...scale });
  try {
    await withDownloadBar((onProgress) => loadWeights(model, weights, { onProgress }));
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}
