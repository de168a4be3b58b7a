export { buildEfficientNet, buildModel, buildResNet, type PretrainedOptions } from './build.js';
export { pretrainedWeights, type PretrainedWeights } from './pretrained-weights.js';
