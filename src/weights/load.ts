import { ready } from '#backends';
import { counted } from '../core/counted.js';
import { checkBoolean, checkOneOf, checkOptions } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { shownUrl } from '../core/shown-url.js';
import {
  buildArchitecture,
  headFeatures,
  modelNames,
  type Architecture,
  type ModelOptions,
} from '../models/build-model.js';
import { conventionNames, type ConventionName } from '../models/conventions.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkOrder } from '../models/labels/check-labels.js';
import { architectureOf, describeWeights } from './names/architecture.js';
import type { Checkpoint, HostTensor } from './formats/checkpoint.js';
import { WITHOUT } from './sources/config-file.js';
import { isAddress } from './sources/fetch-source.js';
import type { WeightsSource } from './sources/source-name.js';
import { readHubConfig, type HubConfig } from './sources/hub-config.js';
import { loadCheckpoint, loadWeights, recognise } from './load-weights.js';
import type { LoadedWeights, LoadWeightsOptions } from './loaded-weights.js';
import {
  describeLayers,
  headAdvice,
  networkWeights,
  unreadTensors,
  type NetworkWeightsOptions,
} from './network-weights.js';
import { networkWeightsOptionNames } from './option-names.js';
import { publishedLabels } from './names/published-labels.js';
import { readSource } from './sources/read-source.js';
import { savedConvention, savedPreprocessing } from './saved.js';
import { naming } from './sources/source-name.js';

/** Options of {@link load}. */
export interface LoadOptions extends NetworkWeightsOptions {
  /** Whose padding and epsilon, where the checkpoint does not say. Default what it says. */
  readonly convention?: ConventionName;
  /**
   * Names of the classes, such as `cifar10Labels`. Default what the checkpoint or the files next to it say; ImageNet's of a published
   * network with 1000 classes; otherwise none.
   */
  readonly labels?: readonly string[];
  /**
   * Number of logits. Another than the weights have gives the network a new head with random weights; so does any with
   * `head: false`, without which there is no head then. Default what the weights have.
   */
  readonly classes?: number;
  /** Of the random weights of a new head. Default 0. */
  readonly seed?: number;
  /** Called with where in the file the weights were, and what of it was left out. Default nothing. */
  readonly onLoaded?: (loaded: LoadedWeights) => void;
  /**
   * Whether `config.json` and `preprocessor_config.json` next to the checkpoint are read, where they are there. Without them,
   * labels and preprocessing are what the checkpoint itself and its convention say. Default true.
   */
  readonly config?: boolean;
}

/**
 * Builds the network that a checkpoint is of, and fills it: any that `save` wrote, or a published ResNet or EfficientNet with
 * any number of classes. Which one, the count of the weights says; whose, their names. `config.json` next to the checkpoint, as timm
 * and Hugging Face transformers write it, gives labels, preprocessing, and what timm's names do not say: whether it is
 * `efficientnet_*` or `tf_efficientnet_*`. The latter in the path is enough, too, or the option `convention`.
 * @param source - A path, a URL, `hf://owner/name[@revision]/file`, `indexeddb://name` in browsers, a Blob or File, or the
 * file's bytes. An address may also be of the index of sharded safetensors (`model.safetensors.index.json`), or of the
 * `model.json` of a TensorFlow.js layers-model; their files are in the same folder.
 * @throws Error where the file cannot be read, is of no published network, or does not say its convention; where a file next to
 * it cannot be read, other than that it is not there, or says what cannot be. ArgumentError where `labels` are not as many as its
 * classes, or the same names in another order.
 */
export async function load(source: WeightsSource, options?: LoadOptions): Promise<ImageClassifier>;
/**
 * Fills a network with the weights of a file. All or nothing: after an error the network is unchanged.
 *
 * Of any Module, the file's keys are the paths of its variables, in our order of axes, as `save` writes it.
 *
 * Of an image classifier, it is a file of safetensors, PyTorch or Keras, whose names are recognised: torchvision's, timm's,
 * Hugging Face transformers', keras.applications', efficientnet-pytorch's, the CIFAR ResNets' of akamaster, and paths. They may
 * be anywhere in a training's checkpoint, and their names have any prefix, such as `module.` or `model._orig_mod.`; the result
 * says where they were and what was left out. A file of `save` gives the model its labels too; one of a published network with
 * 1000 classes gives ImageNet's, unless the model has labels; any other leaves the model's as they are.
 * @param source - As for a file of a whole network.
 * @throws Error where the file cannot be read; where it is of another network, naming it; where it does not fit otherwise,
 * listing the missing, extra and mis-shaped keys, of each at most 20, and another convention, shortcut or preprocessing of
 * colours; where values are not finite, listing their keys.
 */
export async function load(
  network: AnyModule,
  source: WeightsSource,
  options?: LoadWeightsOptions,
): Promise<LoadedWeights>;
export async function load(
  first: WeightsSource | AnyModule,
  second?: LoadOptions | WeightsSource,
  third?: LoadWeightsOptions,
): Promise<ImageClassifier | LoadedWeights> {
  if (isModule(first) || isFilling(first, second))
    return loadWeights(first as AnyModule, second as WeightsSource, third);
  return buildFrom(first, second as LoadOptions | undefined);
}

/** Whether it is a source for what should be a network; two strings are a source and wrong options. */
function isFilling(first: unknown, second: unknown): boolean {
  return isSource(second) && !(typeof first === 'string' && typeof second === 'string');
}

function isSource(value: unknown): value is WeightsSource {
  return typeof value === 'string' || [URL, Blob, Uint8Array].some((source) => value instanceof source);
}

function isModule(value: WeightsSource | AnyModule): value is AnyModule {
  return typeof (value as AnyModule | undefined)?.forward === 'function';
}

async function buildFrom(source: WeightsSource, options: LoadOptions = {}): Promise<ImageClassifier> {
  checkOptions('load', options, {
    ...networkWeightsOptionNames,
    convention: true,
    labels: true,
    classes: true,
    seed: true,
    onLoaded: true,
    config: true,
  });
  if (options.convention !== undefined) checkOneOf('convention', options.convention, conventionNames);
  const { classes, seed, ...others } = options;
  const model = await loadInto(source, others, (architecture, facts) =>
    buildArchitecture({ ...architecture, classes: architecture.classes ?? classes }, facts),
  );
  try {
    if (classes !== undefined && (options.head === false || classes !== model.classes)) {
      model.resetHead(classes, { seed });
    }
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** What a checkpoint and the files next to it say of a network. */
type NetworkFacts = Pick<ModelOptions, 'convention' | 'preprocessing' | 'initialize'>;

/**
 * Fills the network that `build` builds for the checkpoint's architecture.
 * @param options - `known` stands in the place of the files next to the checkpoint.
 */
export async function loadInto<M extends ImageClassifier>(
  source: WeightsSource,
  {
    convention,
    labels,
    config = true,
    known,
    head,
    onLoaded,
    ...readOptions
  }: Omit<LoadOptions, 'classes' | 'seed'> & { readonly known?: HubConfig },
  build: (architecture: Architecture, facts: NetworkFacts) => M,
): Promise<M> {
  checkBoolean('config', config);
  const { hub, cache, limits, checkpointKey } = readOptions;
  const [checkpoint] = await Promise.all([readSource(source, readOptions), ready()]);
  const { architecture, isSaved, tensors } = await naming(source, () =>
    findNetwork(checkpoint, { checkpointKey, head }),
  );
  // A file of encode says it all itself; a request for files next to it would only be a 404 in a page's console.
  const isComplete = !config || !isAddress(source) || (isSaved && checkpoint.metadata.has('labels'));
  const hubConfig = known ?? (isComplete ? {} : await readHubConfig(source, { hub, cache, limits }));
  const { classes } = architecture;
  checkConfig(hubConfig, head === undefined ? architecture : { ...architecture, classes: undefined }, source);
  const names = hubConfig.labels ?? (await publishedLabels(checkpoint, classes, { checkpointKey, head }));
  const preprocessing = savedPreprocessing(checkpoint) ?? hubConfig.preprocessing;
  const buildBy = (convention: ConventionName) =>
    build(architecture, { preprocessing, convention, initialize: false });

  const said = convention ?? savedConvention(checkpoint) ?? hubConfig.convention;
  // The names of a network's parts do not depend on its convention.
  let model = buildBy(said ?? 'torchvision');
  try {
    const found = said ?? (await naming(source, () => conventionByNames(model, tensors, source)));
    if (found !== model.convention) {
      model.dispose();
      model = buildBy(found);
    }
    const loaded = await naming(source, () =>
      loadCheckpoint(model, checkpoint, { checkpointKey, head }, names, true),
    );
    if (labels) {
      const before = model.labels;
      model.labels = labels;
      checkOrder(labels, before);
    }
    onLoaded?.(loaded);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** Which network the weights are of. */
function findNetwork(
  checkpoint: Checkpoint,
  { checkpointKey, head }: Pick<LoadOptions, 'checkpointKey' | 'head'>,
) {
  const network = networkWeights(checkpoint, { checkpointKey, head });
  const { tensors, named, hasHead, denseLayers } = network;
  const byNames = architectureOf(checkpoint, named);
  const { architecture, isSaved } = byNames.architecture ? byNames : architectureOf(checkpoint, tensors);
  if (head === undefined && !hasHead && denseLayers.size > 0) {
    throw new Error(
      `The weights are of ${architecture?.name ?? 'a network'} without a head of the usual name; ${describeLayers(denseLayers)}. ` +
        `${headAdvice(network, architecture && headFeatures(architecture))} { head: false }, which loads all but the head ` +
        '(on the command line, --head).',
    );
  }
  if (!architecture) {
    throw new Error(
      `No published ResNet or EfficientNet has ${describeWeights(tensors)}. Build the model, and call load(model, source).` +
        unreadTensors(network),
    );
  }
  return { architecture, isSaved, tensors };
}

/** Throws where the files next to the weights are of another network, or of more or fewer classes. */
function checkConfig(
  { labels, classes, architecture }: HubConfig,
  network: Pick<Architecture, 'name' | 'classes'>,
  source: WeightsSource,
): void {
  const fail = (said: string, have: string | number): never => {
    throw new Error(
      `The config.json next to ${shownUrl(source as string | URL)} ${said}, and the weights have ${have}: it is of another ` +
        `network. ${WITHOUT}`,
    );
  };
  const named = knownName(architecture);
  const isKnown = (modelNames as readonly string[]).includes(network.name);
  if (named !== undefined && isKnown && named !== network.name)
    fail(`is of ${architecture}`, `those of ${network.name}`);
  if (network.classes === undefined) return;
  if (labels && labels.length !== network.classes)
    fail(`names ${counted(labels.length, 'class', 'classes')}`, network.classes);
  if (classes !== undefined && classes !== network.classes)
    fail(`has num_classes ${classes}`, network.classes);
}

/** Ours for timm's name of a network, with or without the tag of its weights; undefined of one that is not known here. */
function knownName(architecture = ''): string | undefined {
  const name = architecture
    .replace(/\..*/s, '')
    .replace(/^tf_/, '')
    .replace('efficientnet_', 'efficientnet-');
  return modelNames.find((known) => known === name);
}

function conventionByNames(
  model: ImageClassifier,
  tensors: ReadonlyMap<string, HostTensor>,
  source: WeightsSource,
): ConventionName {
  const { source: origin, conventions } = recognise(model, tensors);
  if (conventions.includes(model.convention)) return model.convention;
  if (origin !== 'timm' || conventions.length === 1) return conventions[0]!;
  if (isAddress(source) && String(source).includes('tf_efficientnet')) return 'timm-tf';
  throw new Error(
    "timm's names do not distinguish efficientnet_* from tf_efficientnet_*: give { convention: 'timm' } or " +
      "{ convention: 'timm-tf' }, or put timm's config.json next to the file.",
  );
}
