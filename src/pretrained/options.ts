import type { OptionNames } from '../core/errors.js';
import { modelOptionNames, type ModelOptions } from '../models/build-model.js';
import type { LoadOptions } from '../weights/load.js';
import type { NetworkWeightsOptions } from '../weights/network-weights.js';
import { networkWeightsOptionNames } from '../weights/option-names.js';
import type { WeightsSource } from '../weights/sources/source-name.js';

/** Options of `pretrained`: where the weights come from, and those of the builders. */
export interface PretrainedOptions
  extends ModelOptions, NetworkWeightsOptions, Pick<LoadOptions, 'config' | 'onLoaded'> {
  /**
   * The name of published weights in `pretrainedWeights`, such as `'timm/resnet50.a1_in1k'`; a data set, `'imagenet'` or
   * `'cifar10'`, for its first entry there; or a source as `load` takes it. Default the first entry of this network, and of
   * this `convention` where one is given.
   */
  readonly weights?: WeightsSource;
}

/** Every one of {@link PretrainedOptions}. */
export const pretrainedOptionNames: OptionNames<PretrainedOptions> = {
  ...modelOptionNames,
  ...networkWeightsOptionNames,
  config: true,
  onLoaded: true,
  weights: true,
};
