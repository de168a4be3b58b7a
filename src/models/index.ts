export { buildModel, describeModel, modelNames, type ModelName, type ModelOptions } from './build-model.js';
export {
  conventionNames,
  type Convention,
  type ConventionName,
  type ResNetConventionName,
} from './conventions.js';
export { scaleToBudget, type Budget, type BudgetedNetwork } from './budget.js';
export { describeEfficientNet, describeResNet, type DescribeResNetOptions } from './describe.js';
export { buildEfficientNet, EfficientNet, type EfficientNetOptions } from './efficientnet.js';
export { ImageClassifier } from './image-classifier.js';
export { cifar10Labels } from './labels/cifar10.js';
export {
  colorPreprocessing,
  type ColorPreprocessing,
  type Interpolation,
  type Preprocessing,
} from './preprocessing.js';
export { buildResNet, ResNet, type ResNetOptions } from './resnet.js';
export { warmUp, type WarmUpOptions } from './warm-up.js';
