export * from './attacks/index.js';
export * from './corruptions/index.js';
export { calibrate, type CalibrateOptions, type CalibrateResult } from './calibration/calibrate.js';
export {
  fitScaling,
  scaleLogits,
  type FitScalingOptions,
  type LogitScaling,
} from './calibration/fit-scaling.js';
export {
  measureCalibration,
  type Calibration,
  type CalibrationOptions,
} from './calibration/measure-calibration.js';
export { reliabilityDiagram, type ReliabilityDiagramOptions } from './calibration/reliability-diagram.js';
export {
  fitConformal,
  measureSets,
  predictionSets,
  type Conformal,
  type ConformalOptions,
  type SetQuality,
} from './conformal.js';
export { findLabelErrors, type LabelError, type LabelErrorOptions } from './label-errors.js';
export {
  fitMahalanobis,
  mahalanobisScores,
  type Mahalanobis,
  type MahalanobisOptions,
} from './mahalanobis.js';
export {
  measureDetection,
  outlierScores,
  type DetectionQuality,
  type OutlierScoreOptions,
} from './outliers.js';
export { report } from './report/report.js';
export type { ReportOptions } from './report/gather.js';
