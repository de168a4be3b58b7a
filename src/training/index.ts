export { adam, adamW, lamb, Adam, AdamW, LAMB, type AdamOptions } from './optim/adam.js';
export type { SkippedCheckpoint } from './checkpoints/checkpoint-folder.js';
export type { CalibrationBin } from './calibration-bins.js';
export { certainty, wilsonInterval, type Certainty, type Interval } from './certainty.js';
export {
  collectFeatures,
  collectLogits,
  type CollectLogitsOptions,
  type LabelledFeatures,
  type LabelledLogits,
} from './collect-logits.js';
export * from './data/index.js';
export { evaluate, type ModuleEvaluateOptions } from './evaluate.js';
export type { EvaluateOptions } from './image-logits.js';
export {
  fineTune,
  prepareFineTuning,
  type FineTuneOptions,
  type FineTunePlan,
  type FineTuneResult,
} from './fine-tune.js';
export {
  fineTuneRecipe,
  type FineTuneAugmentation,
  type FineTuneChoice,
  type FineTuneFacts,
  type FineTuneRecipe,
} from './fine-tune-recipe.js';
export { clipByGlobalNorm, globalNorm } from './optim/gradients.js';
export { layerDecay } from './optim/layer-decay.js';
export {
  focalLoss,
  meanSquaredError,
  softmaxCrossEntropy,
  type CrossEntropyOptions,
  type FocalLossOptions,
  type Loss,
} from './losses.js';
export type { ClassMapping } from './match-classes.js';
export type { Objective, ObjectivePass } from './objective.js';
export { accuracy, type Metric } from './measure.js';
export type { Evaluation } from './metrics.js';
export { MovingAverage, type MovingAverageOptions } from './optim/moving-average.js';
export { Optimizer, type OptimizerParameters } from './optim/optimizer.js';
export type {
  NamedParameter,
  OptimizerOptions,
  OptimizerState,
  Slots,
  UpdateRule,
  Variables,
} from './optim/rule.js';
export { RMSProp, rmsProp, type RMSPropOptions } from './optim/rmsprop.js';
export {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  oneCycleSchedule,
  polynomialSchedule,
  stepSchedule,
  withWarmUp,
  type CosineScheduleOptions,
  type ExponentialScheduleOptions,
  type OneCycleScheduleOptions,
  type PolynomialScheduleOptions,
  type Schedule,
  type StepScheduleOptions,
  type WarmUpScheduleOptions,
} from './optim/schedules.js';
export { SGD, sgd, type SGDOptions } from './optim/sgd.js';
export type { PngImage } from './logs/event-records.js';
export { TensorBoardLog } from './logs/tensorboard.js';
export { train } from './train.js';
export type {
  CheckpointEvent,
  CheckpointFailedEvent,
  EpochEvent,
  EvaluationEvent,
  ModuleEvaluation,
  ResumeEvent,
  StepEvent,
  TrainEvent,
} from './train-events.js';
export type { CheckpointOptions, ImageTrainOptions, TrainOptions } from './train-options.js';
export { valueAndGradients, type ValueAndGradients } from './value-and-gradients.js';
