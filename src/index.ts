/**
 * Residual and compound-scaled image networks for TypeScript, on TensorFlow.js tensors.
 *
 * @packageDocumentation
 */
// Only `export *`: bundlers then see that what is not used here leads nowhere, and keep it out of a page's first file.
export * from './backends/index.js';
export * from './blocks/index.js';
export * from './core/index.js';
export * from './graph/index.js';
export * from './layers/index.js';
export * from './models/index.js';
export * from './models/labels/imagenet.js';
export * from './pretrained/index.js';
export * from './scaling/index.js';
export * from './training/index.js';
export * from './vision/index.js';
export * from './weights/index.js';
