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
