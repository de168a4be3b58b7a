// Only `export *`, for the reason in src/index.ts.
export * from './pretrained.js';
export * from './pretrained-weights.js';
