import { shownUrl } from '../core/shown-url.js';
import { buildModel, load, pretrained, type ImageClassifier, type ModelOptions } from '../index.js';
import { withDownloadBar } from './download-bar.js';
import { fetchOptions, type DownloadOptions } from './download-options.js';
import { publishedNetworks } from './load-model.js';
import { noteLoaded } from './loaded-note.js';
import type { PartOptions, ShapeOptions } from './model-options.js';
import { weightsFile } from './weights-file.js';

/** The options of `train` that say which network it starts with. */
export interface StartOptions
  extends
    ShapeOptions,
    PartOptions,
    DownloadOptions,
    Pick<ModelOptions, 'convention' | 'dropout' | 'stochasticDepth'> {
  model?: string;
  from?: string;
  seed: number;
}

/** The data set whose network comes with the package. */
const EMBEDDED = 'cifar10';

/** Whether the network starts with random weights: where one is named, and no weights. */
export function isFromScratch({ model, from }: Pick<StartOptions, 'model' | 'from'>): boolean {
  return model !== undefined && from === undefined;
}

/** The named network with random weights. */
export function scratchModel(options: StartOptions, classes: number): ImageClassifier {
  const { model, convention, seed } = options;
  return buildModel(model!, { ...shapeOf(options), convention, seed, classes });
}

/**
 * A network with weights, and what to call these.
 * @param classes - Of the new head where that of the weights is left out.
 */
export async function pretrainedModel(
  options: StartOptions,
  classes: number,
): Promise<{ model: ImageClassifier; weights: string }> {
  const { from = EMBEDDED, convention, seed, checkpointKey, head } = options;
  const models = publishedNetworks(from);
  const weights = models.length > 0 ? from : await weightsFile(from);
  const shape = shapeOf(options);
  const part = {
    ...{ checkpointKey, head, convention, seed, onLoaded: noteLoaded(weights) },
    ...fetchOptions(options),
    ...(head === false && { classes }),
  };
  const name = options.model ?? (models.length === 1 ? models[0] : undefined);
  if (name === undefined && models.length > 0) {
    throw new Error(`--from ${from} are weights of several networks; name one, such as --model resnet50.`);
  }
  if (name !== undefined) {
    const model = await withDownloadBar((onProgress) =>
      pretrained(name, { ...shape, weights, ...part, onProgress }),
    );
    return { model, weights: shownUrl(weights) };
  }
  const given = Object.keys(shape);
  if (given.length > 0) {
    throw new Error(
      `The network is what the weights are of, and ${given.join(', ')} would change it; name it too, with --model.`,
    );
  }
  const model = await withDownloadBar((onProgress) => load(weights, { ...part, onProgress }));
  return { model, weights: shownUrl(weights) };
}

/** The options that change the network, those that are given. */
function shapeOf({ width, depth, size, shortcut, dropout, stochasticDepth }: StartOptions) {
  const shape = { width, depth, size, shortcut, dropout, stochasticDepth };
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Partial<
    typeof shape
  >;
}
