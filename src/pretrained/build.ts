import { checkOptions, pickOptions, type OptionNames } from '../core/errors.js';
import {
  buildModel as buildUnfilledModel,
  modelOptionNames,
  type ModelOptions,
} from '../models/build-model.js';
import {
  buildEfficientNet as buildUnfilledEfficientNet,
  efficientNetOptionNames,
  type EfficientNet,
  type EfficientNetOptions,
} from '../models/efficientnet.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkPreprocessing } from '../models/preprocessing.js';
import {
  buildResNet as buildUnfilledResNet,
  resNetOptionNames,
  type ResNet,
  type ResNetOptions,
} from '../models/resnet.js';
import {
  efficientNetArchitecture,
  resNetArchitecture,
  type Coefficients,
  type EfficientNetArchitectureOptions,
  type ResNetArchitectureOptions,
  type ResNetDepth,
  type ResNetName,
} from '../scaling/index.js';
import { efficientNetArchitectureOptionNames } from '../scaling/efficientnet.js';
import { resNetArchitectureOptionNames } from '../scaling/resnet.js';
import type { WeightsSource } from '../weights/sources/fetch-source.js';
import type { LoadOptions } from '../weights/load.js';
import type { NetworkWeightsOptions } from '../weights/network-weights.js';
import { networkWeightsOptionNames } from '../weights/option-names.js';

/** Options of the builders for a network with weights. */
export interface PretrainedOptions extends NetworkWeightsOptions, Pick<LoadOptions, 'config' | 'onLoaded'> {
  /**
   * `'imagenet'` or `'cifar10'`, for the default weights of this network and data set; the name of others in
   * {@link pretrainedWeights}, such as `'timm/resnet50.a1_in1k'`; or a source as `loadWeights` takes it. A `classes` other
   * than the weights have gives the network a new head with random weights; so does any with `head: false`, without which there is
   * no head then.
   */
  readonly weights: WeightsSource;
}

/** Every one of {@link PretrainedOptions}. */
const pretrainedOptionNames: OptionNames<PretrainedOptions> = {
  ...networkWeightsOptionNames,
  config: true,
  onLoaded: true,
  weights: true,
};

/** Options of the builders for a network without weights. */
interface Unfilled {
  readonly weights?: undefined;
}

/**
 * Builds a residual network: ResNet-18, 34, 50, 101 and 152 for ImageNet, and the smaller networks for CIFAR, 20, 32, 44,
 * 56 and 110. With random weights at once; with `weights`, a promise of the network filled with them, in their source's
 * convention and preprocessing.
 * @param network - Its depth, such as 50, or its name, such as 'resnet50'.
 * @throws ArgumentError where there is no such network, an option is out of range, or the named weights are not of this
 * network; Error where they cannot be read or are of another network.
 */
export function buildResNet(network: ResNetDepth | ResNetName, options?: ResNetOptions & Unfilled): ResNet;
export function buildResNet(
  network: ResNetDepth | ResNetName,
  options: ResNetOptions & PretrainedOptions,
): Promise<ResNet>;
export function buildResNet(
  network: ResNetDepth | ResNetName,
  options: ResNetOptions & (Unfilled | PretrainedOptions) = {},
): ResNet | Promise<ResNet> {
  checkOptions<ResNetOptions & Partial<PretrainedOptions>>('buildResNet', options, {
    ...resNetOptionNames,
    ...pretrainedOptionNames,
  });
  if (options.weights === undefined)
    return buildUnfilledResNet(network, pickOptions<ResNetOptions>(options, resNetOptionNames));
  const sizes = pickOptions<ResNetArchitectureOptions>(options, resNetArchitectureOptionNames);
  const { name } = resNetArchitecture(network, sizes);
  return fill(name, options, (built) => buildUnfilledResNet(network, built as ResNetOptions));
}

/**
 * Builds an EfficientNet. With random weights at once; with `weights`, a promise of the network filled with them, in their
 * source's convention and preprocessing.
 * @param scale - 0 to 7 for B0 to B7 exactly as published; any number from -4 to 10 for a network between or beyond, as
 * `coefficients` says; of `variant: 'lite'` 0, 1, 2, 3 or 4; or coefficients of your own.
 * @throws ArgumentError where the scale, `variant`, `classes` or `inputChannels` is out of range; ArgumentError where
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
  checkOptions<EfficientNetOptions & Partial<PretrainedOptions>>('buildEfficientNet', options, {
    ...efficientNetOptionNames,
    ...pretrainedOptionNames,
  });
  if (options.weights === undefined) {
    return buildUnfilledEfficientNet(
      scale,
      pickOptions<EfficientNetOptions>(options, efficientNetOptionNames),
    );
  }
  const sizes = pickOptions<EfficientNetArchitectureOptions>(options, efficientNetArchitectureOptionNames);
  const { name } = efficientNetArchitecture(scale, sizes);
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
  checkOptions<ModelOptions & Partial<PretrainedOptions>>('buildModel', options, {
    ...modelOptionNames,
    ...pretrainedOptionNames,
  });
  if (options.weights === undefined) {
    return buildUnfilledModel(name, pickOptions<ModelOptions>(options, modelOptionNames));
  }
  return fill(name, options, (own) => buildUnfilledModel(name, own));
}

/** As in fill.ts, which is loaded where there are weights to be read. */
async function fill<M extends ImageClassifier>(
  name: string,
  options: ModelOptions & PretrainedOptions,
  build: (options: ModelOptions) => M,
): Promise<M> {
  if (options.preprocessing !== undefined) checkPreprocessing(options.preprocessing, []);
  const { fillBuilt } = await import('./fill.js');
  return fillBuilt(name, options, build);
}
