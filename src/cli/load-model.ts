import { buildModel, modelArchitecture } from '../models/build-model.js';
import type { ConventionName } from '../models/convention-names.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkOrder } from '../models/labels/check-labels.js';
import { pretrained } from '../pretrained/pretrained.js';
import { pretrainedWeights } from '../pretrained/pretrained-weights.js';
import { load } from '../weights/load.js';
import { readLabels } from './class-names.js';
import { withDownloadBar } from './download-bar.js';
import { fetchOptions, type DownloadOptions } from './download-options.js';
import { noteLoaded } from './loaded-note.js';
import type { PartOptions, ShapeOptions } from './model-options.js';
import { weightsFile } from './weights-file.js';

/** What tells a network and its weights. */
export interface WeightsOptions extends ShapeOptions, PartOptions, DownloadOptions {
  model?: string;
  /** The name of published weights or of what they were trained for, a file, or a folder that `train` wrote. */
  weights: string;
  convention?: ConventionName;
}

/**
 * The named network, filled, or the one that the weights are of.
 * @param classes - Of a network whose width, depth or shortcut the options change; undefined for as many as it was published
 * with. Of others the weights tell.
 */
export async function loadModel(
  {
    model,
    weights: given,
    convention,
    checkpointKey,
    head,
    width,
    depth,
    size,
    shortcut,
    ...download
  }: WeightsOptions,
  classes: number | undefined,
): Promise<ImageClassifier> {
  if (model !== undefined) modelArchitecture(model, { width, depth, shortcut }); // Throws before anything is fetched.
  const networks = publishedNetworks(given);
  const weights = networks.length > 0 ? given : await weightsFile(given);
  const name = model ?? (networks.length === 1 ? networks[0] : undefined);
  const isChanged = [width, depth, shortcut].some((option) => option !== undefined);
  if (name === undefined && networks.length > 0)
    throw new Error(`--weights ${given} are of several networks; name one, such as --model resnet50.`);
  if (name === undefined && isChanged)
    throw new Error('--width, --depth and --shortcut change the network that --model names; give it too.');

  return withDownloadBar(async (onProgress) => {
    const onLoaded = noteLoaded(weights);
    const { config, limits } = fetchOptions(download);
    const part = { checkpointKey, head, onProgress, limits };
    if (name === undefined) return load(weights, { convention, onLoaded, config, ...part });
    const shape = { width, depth, size, shortcut };
    if (networks.length > 0 || !isChanged)
      return pretrained(name, { weights, convention, onLoaded, config, ...part, ...shape });
    const changed = buildModel(name, { initialize: false, convention, classes, ...shape });
    try {
      onLoaded(await load(changed, weights, part));
      return changed;
    } catch (error) {
      changed.dispose();
      throw error;
    }
  });
}

/** What tells a network, its weights and the names of its classes; all may be left out. */
export interface NamedModelOptions extends Omit<WeightsOptions, 'weights'> {
  weights?: string;
  /** As {@link readLabels} reads them. */
  labels?: string;
}

/**
 * Gives a network to `work`, the package's where none is named, and frees it afterwards.
 * @throws Error where labels are named that are the network's in another order.
 */
export async function withNamedModel(
  options: NamedModelOptions,
  work: (model: ImageClassifier) => Promise<void>,
): Promise<void> {
  const weights = options.weights ?? embeddedName(options.model);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels);
  const model = await loadModel({ ...options, weights }, labels?.length);
  try {
    if (labels) {
      const known = model.labels;
      model.labels = labels;
      checkOrder(labels, known);
    }
    await work(model);
  } finally {
    model.dispose();
  }
}

/** The networks of which there are weights of this name, or for this data set. */
export function publishedNetworks(weights: string): string[] {
  const found = pretrainedWeights.filter(({ name, dataset }) => [name, dataset].includes(weights));
  return [...new Set(found.map(({ model }) => model))];
}

/**
 * The name of the weights that come with the package.
 * @throws Error where they are not of the named network.
 */
export function embeddedName(model?: string): string {
  const { name, model: known } = pretrainedWeights.find(({ dataset }) => dataset === 'cifar10')!;
  if (model === undefined || model === known) return name;
  modelArchitecture(model, {}); // Throws where there is no such network.
  throw new Error(
    `Only ${known} comes with weights; for ${model}, give --weights imagenet or --weights FILE.`,
  );
}
