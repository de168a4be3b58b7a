import { ready } from '#backends';
import { checkOneOf, checkOptions } from '../core/errors.js';
import { buildArchitecture, type Architecture, type ModelOptions } from '../models/build-model.js';
import { conventionNames, type ConventionName } from '../models/conventions.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { architectureOf, describeWeights, withoutPrefix } from './architecture.js';
import type { HostTensor } from './checkpoint.js';
import { fetchOptionNames, isAddress, type FetchOptions, type WeightsSource } from './fetch-source.js';
import { readHubConfig, type HubConfig } from './hub-config.js';
import { assignEach, loadCheckpoint, recognise } from './load-weights.js';
import { readSource } from './read-source.js';
import { savedConvention, savedPreprocessing } from './saved.js';

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
export async function load(source: WeightsSource, options: LoadOptions = {}): Promise<ImageClassifier> {
  checkOptions('load', options, { ...fetchOptionNames, convention: true });
  if (options.convention !== undefined) checkOneOf('convention', options.convention, conventionNames);
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
  const { architecture, isSaved } = architectureOf(checkpoint, tensors);
  if (!architecture) {
    throw new Error(
      `No published ResNet or EfficientNet has ${describeWeights(tensors)}. Build the model, and use loadWeights.`,
    );
  }
  const { hub, cache } = fetchOptions;
  // A file of saveWeights says it all itself; a request for files beside it would only be a 404 in a page's console.
  const isTold = !isAddress(source) || (isSaved && checkpoint.metadata.has('labels'));
  const beside = config ?? (isTold ? {} : await readHubConfig(source, { hub, cache }));
  const { labels } = beside;
  const preprocessing = savedPreprocessing(checkpoint) ?? beside.preprocessing;
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
    loadCheckpoint(model, checkpoint, {}, assignEach);
  } catch (error) {
    model.dispose();
    throw error;
  }
  if (labels?.length === model.classes) model.labels ??= labels;
  return model;
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
