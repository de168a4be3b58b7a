import { ready } from '#backends';
import {
  buildArchitecture,
  describeArchitecture,
  modelArchitecture,
  modelNames,
  type Architecture,
  type ModelOptions,
} from '../models/build-model.js';
import { conventionNames, type ConventionName } from '../models/conventions.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { Checkpoint, HostTensor } from './checkpoint.js';
import { isAddress, type FetchOptions, type WeightsSource } from './fetch-source.js';
import { readHubConfig, type HubConfig } from './hub-config.js';
import { ignored, loadCheckpoint, recognise, withoutPrefix } from './load-weights.js';
import { readSource } from './read-source.js';

/** Options of {@link load}. */
export interface LoadOptions extends FetchOptions {
  /** Whose padding and epsilon, where the checkpoint does not tell. Default what it tells. */
  readonly convention?: ConventionName;
}

/**
 * Builds the network that a checkpoint is of, and fills it: any that `saveWeights` wrote, or a published ResNet or
 * EfficientNet with any number of classes. Which one, the count of the weights says; whose, their names. `config.json` beside the checkpoint, as timm and Hugging
 * Face transformers write it, gives labels, preprocessing, and what timm's names do not tell: whether it is
 * `efficientnet_*` or `tf_efficientnet_*`. The latter in the path is enough, too, or the option `convention`.
 * @param source - As `loadWeights` takes it.
 * @throws Error where the file cannot be read, is of no published network, or does not tell its convention.
 */
export function load(source: WeightsSource, options: LoadOptions = {}): Promise<ImageClassifier> {
  return loadInto(source, options, buildArchitecture);
}

/** What a checkpoint and the files beside it tell of a network. */
type Told = Pick<ModelOptions, 'convention' | 'preprocessing' | 'initialize'>;

/**
 * Fills the network that `build` builds for the checkpoint's architecture.
 * @param config - In the place of the files beside the checkpoint.
 */
export async function loadInto<M extends ImageClassifier>(
  source: WeightsSource,
  { convention, config, ...fetchOptions }: LoadOptions & { readonly config?: HubConfig },
  build: (architecture: Architecture, told: Told) => M,
): Promise<M> {
  const [checkpoint] = await Promise.all([readSource(source, fetchOptions), ready()]);
  const tensors = withoutPrefix(checkpoint.tensors);
  const saved = savedArchitecture(checkpoint);
  const architecture = saved ?? inferArchitecture(tensors);
  const { hub, cache } = fetchOptions;
  // A file of saveWeights says it all itself; a request for files beside it would only be a 404 in a page's console.
  const isTold = !isAddress(source) || (saved !== undefined && checkpoint.metadata.has('labels'));
  const beside = config ?? (isTold ? {} : await readHubConfig(source, { hub, cache }));
  const { labels, preprocessing } = beside;
  const buildBy = (convention: ConventionName) =>
    build(architecture, { preprocessing, convention, initialize: false });

  const told = convention ?? savedConvention(checkpoint) ?? beside.convention;
  // The names of a network's parts do not depend on its convention.
  let model = buildBy(told ?? 'torchvision');
  try {
    const own = told ?? conventionByNames(model, tensors, source);
    if (own !== model.convention) {
      model.dispose();
      model = buildBy(own);
    }
    loadCheckpoint(model, checkpoint, {});
  } catch (error) {
    model.dispose();
    throw error;
  }
  if (labels?.length === model.classes) model.labels ??= labels;
  return model;
}

/** The convention that `saveWeights` wrote down. */
function savedConvention({ metadata }: Checkpoint): ConventionName | undefined {
  return conventionNames.find((name) => name === metadata.get('convention'));
}

function conventionByNames(
  model: ImageClassifier,
  tensors: ReadonlyMap<string, HostTensor>,
  source: WeightsSource,
): ConventionName {
  const { source: origin, conventions } = recognise(model, tensors);
  if (conventions.includes(model.convention)) return model.convention;
  if (origin !== 'timm') return conventions[0]!;
  if (isAddress(source) && String(source).includes('tf_efficientnet')) return 'timm-tf';
  throw new Error(
    "timm's names do not tell efficientnet_* from tf_efficientnet_*: give { convention: 'timm' } or " +
      "{ convention: 'timm-tf' }, or put timm's config.json beside the file.",
  );
}

/**
 * The architecture that `saveWeights` wrote down; undefined where there is none that has as many weights as the checkpoint.
 */
function savedArchitecture({ tensors, metadata }: Checkpoint): Architecture | undefined {
  try {
    const architecture = JSON.parse(metadata.get('architecture') ?? 'null') as Architecture;
    const blocks = architecture.stages.map((stage) => ('blocks' in stage ? stage.blocks : stage.repeats));
    // A file may lie; its network is as large as its weights all the same.
    const isPossible = blocks.every((count) => count <= tensors.size) && blocks.length <= tensors.size;
    return isPossible && hasCount(architecture, weightCount(tensors)) ? architecture : undefined;
  } catch {
    return undefined; // None, or another program's words by the same name.
  }
}

/** The published network that has as many weights. */
function inferArchitecture(tensors: ReadonlyMap<string, HostTensor>): Architecture {
  const head = weights(tensors).find(([, { shape }]) => shape.length === 2);
  // PyTorch's matrix is [classes, features], Keras's [features, classes].
  const classes = head && head[1].shape[head[0].includes('/') ? 1 : 0]!;
  const options = classes === undefined ? { includeTop: false } : { classes };
  const count = weightCount(tensors);
  for (const name of modelNames) {
    const architecture = modelArchitecture(name, options);
    if (hasCount(architecture, count)) return architecture;
  }
  throw new Error(
    `No published ResNet or EfficientNet has ${count} weights with ` +
      `${classes === undefined ? 'no head' : `${classes} classes`}. Build the model, and use loadWeights.`,
  );
}

function weights(tensors: ReadonlyMap<string, HostTensor>): [string, HostTensor][] {
  return Array.from(tensors).filter(([key]) => !ignored.test(key));
}

/** Of all weights, running statistics included. */
function weightCount(tensors: ReadonlyMap<string, HostTensor>): number {
  return weights(tensors).reduce((sum, [, { size }]) => sum + size, 0);
}

function hasCount(architecture: Architecture, count: number): boolean {
  // Keras's ResNets have biases.
  return (['torchvision', 'keras'] as const).some((convention) => {
    const { parameters, statistics } = describeArchitecture(architecture, { convention });
    return parameters + statistics === count;
  });
}
