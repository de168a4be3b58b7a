/**
 * The names that options of `train` take; training-options.ts has what they mean. They stand by themselves, so that help need
 * not load the library.
 */
export const optimizerNames = ['sgd', 'rmsprop', 'adam', 'adamw', 'lamb'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

export const scheduleNames = [
  'constant',
  'cosine',
  'step',
  'exponential',
  'polynomial',
  'one-cycle',
] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export const augmentationNames = [
  'flip',
  'crop',
  'resized-crop',
  'erase',
  'jitter',
  'auto-imagenet',
  'auto-cifar10',
  'rand',
  'aug-mix',
] as const;
export type AugmentationName = (typeof augmentationNames)[number];

export const objectiveNames = ['plain', 'adversarial', 'trades', 'aug-mix'] as const;
export type ObjectiveName = (typeof objectiveNames)[number];

/** The objectives that attack images, within a radius. */
export const attackingObjectives: readonly ObjectiveName[] = ['adversarial', 'trades'];

/** What a training from scratch has where nothing else is given. */
export const scratchDefaults = {
  epochs: 30,
  batchSize: 128,
  lr: 0.1,
  schedule: 'cosine' as ScheduleName,
  warmUp: 0,
  optimizer: 'sgd' as OptimizerName,
  weightDecay: 1e-4,
  labelSmoothing: 0,
  augment: ['flip', 'crop'] as AugmentationName[],
};
