export {
  commonCorruptions,
  corrupt,
  corruption,
  extraCorruptions,
  type CorruptionName,
  type CorruptOptions,
  type Severity,
} from './corrupt.js';
