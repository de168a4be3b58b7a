import { checkOptions, pickOptions } from '../core/errors.js';
import {
  buildModel,
  modelArchitecture,
  modelOptionNames,
  type ModelName,
  type ModelOptions,
} from '../models/build-model.js';
import type { EfficientNet } from '../models/efficientnet.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkPreprocessing } from '../models/preprocessing.js';
import type { ResNet } from '../models/resnet.js';
import { pretrainedOptionNames, type PretrainedOptions } from './options.js';

/** The class of the network of this name. */
export type ModelOfName<Name extends string> = Name extends `efficientnet${string}`
  ? EfficientNet
  : Name extends ModelName
    ? ResNet
    : ImageClassifier;

/**
 * A network filled with published weights, in their source's convention and with its preprocessing and labels. They are
 * downloaded once and kept; those of `resnet20` come with the package.
 * @param name - As `buildModel` takes it.
 * @param options - A `classes` other than the weights have gives the network a new head with random weights; so does any with
 * `head: false`, and without `classes` there is no head then.
 * @throws ArgumentError where there is no network of this name, an option is out of range, or the named weights are not of
 * this network; Error where they cannot be read or are of another network.
 */
export async function pretrained<Name extends ModelName | (string & {})>(
  name: Name,
  options: PretrainedOptions = {},
): Promise<ModelOfName<Name>> {
  checkOptions('pretrained', options, pretrainedOptionNames);
  modelArchitecture(name, pickOptions<ModelOptions>(options, modelOptionNames)); // Throws before anything is fetched.
  if (options.preprocessing !== undefined) checkPreprocessing(options.preprocessing, []);
  const build = (built: ModelOptions) => buildModel(name, pickOptions<ModelOptions>(built, modelOptionNames));
  const { fillBuilt } = await import('./fill.js');
  return (await fillBuilt(name, options, build)) as ModelOfName<Name>;
}
