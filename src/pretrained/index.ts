// Only `export *`, for the reason in src/index.ts.
export type { PretrainedOptions } from './options.js';
export * from './pretrained.js';
export * from './pretrained-weights.js';
