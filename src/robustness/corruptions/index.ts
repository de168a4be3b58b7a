export { augMix, augMixConsistency, type AugMixConsistencyOptions, type AugMixOptions } from './aug-mix.js';
export {
  commonCorruptions,
  corrupt,
  corruption,
  extraCorruptions,
  type CorruptionName,
  type CorruptOptions,
  type Severity,
} from './corrupt.js';
export {
  alexNetErrors,
  evaluateCorruptions,
  type CorruptionErrors,
  type CorruptionEvaluation,
  type EvaluateCorruptionsOptions,
} from './evaluate-corruptions.js';
