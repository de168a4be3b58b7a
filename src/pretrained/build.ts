import { buildModel as buildUnfilledModel, type ModelOptions } from '../models/build-model.js';
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
import type { WeightsSource } from '../weights/fetch-source.js';
import type { LoadOptions } from '../weights/load.js';
import type { NetworkWeightsOptions } from '../weights/network-weights.js';

/** Options of the builders for a network with weights. */
export interface PretrainedOptions extends NetworkWeightsOptions, Pick<LoadOptions, 'onLoaded' | 'config'> {
  /**
   * `'imagenet'` or `'cifar10'`, for the default weights of this network and data set; the name of others in
   * {@link pretrainedWeights}, such as `'timm/resnet50.a1_in1k'`; or a source as `loadWeights` takes it. A `classes` other
   * than the weights have gives the network a new head with random weights; so does any with `head: false`, without which there is
   * no head then.
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
 * Builds the network of this name, as `buildResNet` and `buildEfficientNet` do; for programs that are told a name. The names are
 * `modelNames`, and `efficientnet-b` with any scale of `buildEfficientNet`, such as `efficientnet-b2.26`. `width`, `depth` and
 * `size` scale EfficientNets too: they multiply the coefficients, and replace the resolution.
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

/** As in fill.ts, which is loaded where there are weights to be read. */
async function fill<M extends ImageClassifier>(
  name: string,
  options: ModelOptions & PretrainedOptions,
  build: (options: ModelOptions) => M,
): Promise<M> {
  const { fillBuilt } = await import('./fill.js');
  return fillBuilt(name, options, build);
}
