export {
  articleDepth,
  articleWidth,
  deviceResource,
  REFERENCE_DEVICE,
  type ArticleDepth,
  type Device,
} from './article.js';
export {
  compoundScale,
  meetsConstraint,
  PAPER_BASE,
  roundFilters,
  roundRepeats,
  stepCost,
  type CompoundBase,
  type Multipliers,
} from './compound.js';
export { outputSize } from './output-size.js';
export type { Architecture } from './architecture.js';
export { coefficients, MAX_LITE_SCALE, MAX_SCALE, MIN_SCALE } from './coefficients.js';
export {
  efficientNetNames,
  efficientNetV2Names,
  type Coefficients,
  type EfficientNetName,
  type EfficientNetStage,
  type EfficientNetV2Name,
  type EfficientNetVariant,
} from './efficientnet-tables.js';
export {
  efficientNetArchitecture,
  type EfficientNetArchitecture,
  type EfficientNetArchitectureOptions,
} from './efficientnet.js';
export {
  resNetArchitecture,
  resNetDepths,
  resNetNames,
  resNetShortcuts,
  resNetStems,
  type ResNetArchitecture,
  type ResNetArchitectureOptions,
  type ResNetDepth,
  type ResNetName,
  type ResNetShortcut,
  type ResNetStage,
  type ResNetStem,
} from './resnet.js';
export { searchCoefficients, type Candidate, type SearchOptions } from './search.js';
