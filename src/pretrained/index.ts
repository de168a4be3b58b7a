// Only `export *`, for the reason in src/index.ts.
export * from './build.js';
export * from './pretrained-weights.js';
