import { embeddedWeights } from '#embedded-weights';
import { check } from '../core/errors.js';
import { buildModel as buildUnfilledModel, type ModelOptions } from '../models/build-model.js';
import type { ConventionName } from '../models/conventions.js';
import {
  buildEfficientNet as buildUnfilledEfficientNet,
  type EfficientNet,
  type EfficientNetOptions,
} from '../models/efficientnet.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import {
  buildResNet as buildUnfilledResNet,
  resNetArchitecture,
  type ResNet,
  type ResNetDepth,
  type ResNetOptions,
} from '../models/resnet.js';
import { efficientNetArchitecture, type Coefficients } from '../scaling/index.js';
import type { FetchOptions, WeightsSource } from '../weights/fetch-source.js';
import { loadInto } from '../weights/load.js';
import { pretrainedWeights, type PretrainedWeights } from './pretrained-weights.js';

/** Options of the builders for a network with weights. */
export interface PretrainedOptions extends FetchOptions {
  /**
   * `'imagenet'` or `'cifar10'`, for the default weights of this network and data set; the name of others in
   * {@link pretrainedWeights}, such as `'timm/resnet50.a1_in1k'`; or a source as `loadWeights` takes it. A `classes` other
   * than the weights have gives the network a new head with random weights.
   */
  readonly weights: WeightsSource;
}

/** Options of the builders for a network without weights. */
interface Unfilled {
  readonly weights?: undefined;
}

/**
 * Builds a residual network: ResNet-18, 34, 50, 101 and 152 for ImageNet, and the smaller networks for CIFAR, 20, 32, 44,
 * 56 and 110. With random weights at once; with `weights`, a promise of the network filled with them, in their source's
 * convention and preprocessing.
 * @throws ArgumentError where the depth is not a published one, an option is out of range, or the named weights are not of
 * this network; Error where they cannot be read or are of another network.
 */
export function buildResNet(depth: ResNetDepth, options?: ResNetOptions & Unfilled): ResNet;
export function buildResNet(depth: ResNetDepth, options: ResNetOptions & PretrainedOptions): Promise<ResNet>;
export function buildResNet(
  depth: ResNetDepth,
  options: ResNetOptions & (Unfilled | PretrainedOptions) = {},
): ResNet | Promise<ResNet> {
  if (options.weights === undefined) return buildUnfilledResNet(depth, options);
  const { name } = resNetArchitecture(depth, options);
  return fill(name, options, (own) => buildUnfilledResNet(depth, own as ResNetOptions));
}

/**
 * Builds an EfficientNet. With random weights at once; with `weights`, a promise of the network filled with them, in their
 * source's convention and preprocessing.
 * @param scale - 0 to 7 for B0 to B7 exactly as published; any number from -4 to 10 for a network between or beyond, as
 * `coefficients` says; of `variant: 'lite'` 0, 1, 2, 3 or 4; or coefficients of your own.
 * @throws ScalingError where the scale, `variant`, `classes` or `inputChannels` is out of range; ArgumentError where
 * another option is, or the named weights are not of this network; Error where they cannot be read or are of another
 * network.
 */
export function buildEfficientNet(
  scale: number | Coefficients,
  options?: EfficientNetOptions & Unfilled,
): EfficientNet;
export function buildEfficientNet(
  scale: number | Coefficients,
  options: EfficientNetOptions & PretrainedOptions,
): Promise<EfficientNet>;
export function buildEfficientNet(
  scale: number | Coefficients,
  options: EfficientNetOptions & (Unfilled | PretrainedOptions) = {},
): EfficientNet | Promise<EfficientNet> {
  if (options.weights === undefined) return buildUnfilledEfficientNet(scale, options);
  const { name } = efficientNetArchitecture(scale, options);
  return fill(name, options, (own) => buildUnfilledEfficientNet(scale, own));
}

/**
 * Builds the network of this name, as `buildResNet` and `buildEfficientNet` do; for programs that are told a name. `width`,
 * `depth` and `size` scale EfficientNets too: they multiply the published coefficients, and replace the resolution.
 * @throws ArgumentError where there is no network of this name, an option is given that only the other family has, or the
 * named weights are not of this network; Error where they cannot be read or are of another network.
 */
export function buildModel(name: string, options?: ModelOptions & Unfilled): ImageClassifier;
export function buildModel(name: string, options: ModelOptions & PretrainedOptions): Promise<ImageClassifier>;
export function buildModel(
  name: string,
  options: ModelOptions & (Unfilled | PretrainedOptions) = {},
): ImageClassifier | Promise<ImageClassifier> {
  if (options.weights === undefined) return buildUnfilledModel(name, options);
  return fill(name, options, (own) => buildUnfilledModel(name, own));
}

/** The network that `build` builds, filled with the weights of the options. */
async function fill<M extends ImageClassifier>(
  name: string,
  { weights, hub, cache, sha256, onProgress, ...options }: ModelOptions & PretrainedOptions,
  build: (options: ModelOptions) => M,
): Promise<M> {
  const { convention, classes, includeTop = true, seed, size } = options;
  const published = typeof weights === 'string' ? findWeights(weights, name, convention) : undefined;
  const model = await loadInto(
    published ? sourceOf(published) : weights,
    {
      convention: convention ?? published?.convention,
      // What is beside published weights, the table says already.
      config: published && { preprocessing: published.preprocessing },
      ...{ hub, cache, onProgress, sha256: sha256 ?? published?.sha256 },
    },
    (architecture, { preprocessing, ...told }) => {
      check(
        architecture.name === name,
        () => `The weights are of ${architecture.name}, and not of ${name}; build that one, or give others.`,
      );
      return build({
        ...options,
        ...told,
        // What is told is for the published size.
        preprocessing: { ...(size === undefined && preprocessing), ...options.preprocessing },
        classes: architecture.classes,
        includeTop: architecture.classes !== undefined,
      });
    },
  );
  if (!includeTop) model.removeHead();
  else if (classes !== undefined && classes !== model.classes) model.resetHead(classes, { seed });
  return model;
}

/** The weights of this name, or the first of this data set; undefined where it is the name of none. */
function findWeights(
  weights: string,
  model: string,
  convention?: ConventionName,
): PretrainedWeights | undefined {
  const named = pretrainedWeights.find(({ name }) => name === weights);
  check(
    named === undefined || named.model === model,
    () => `'${weights}' are weights of ${named!.model}, and not of ${model}; build that one, or give others.`,
  );
  const ofDataset = pretrainedWeights.filter(({ dataset }) => dataset === weights);
  if (ofDataset.length === 0) return named;
  const ofModel = ofDataset.filter((entry) => entry.model === model);
  const found = ofModel.find((entry) => convention === undefined || entry.convention === convention);
  check(found !== undefined, () => {
    const others =
      ofModel.length > 0 ? ofModel.map(({ name }) => name) : ofDataset.map((entry) => entry.model);
    const which = ofModel.length > 0 ? ` of the convention '${convention}'` : '';
    return `There are no weights '${weights}' of ${model}${which}; there are ${[...new Set(others)].join(', ')}.`;
  });
  return found;
}

function sourceOf({ source }: PretrainedWeights): string | URL {
  return source.startsWith('skipscale/') ? embeddedWeights() : source;
}
