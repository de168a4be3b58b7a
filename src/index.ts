/**
 * Residual and compound-scaled image networks for TypeScript, on TensorFlow.js tensors.
 *
 * @packageDocumentation
 */
import '#backends';

export { ready } from '#backends';
export type { ReadyOptions } from './backends/ready.js';
export { ConvNorm, type ConvNormOptions } from './blocks/conv-norm.js';
export type { BlockConvention } from './blocks/convention.js';
export { MBConv, type MBConvOptions } from './blocks/mb-conv.js';
export { PadShortcut, ResidualBlock, type ResidualBlockOptions } from './blocks/residual-block.js';
export { evaluation, type Context, type TrainingContext } from './core/context.js';
export { ArgumentError } from './core/errors.js';
export { Module, type AnyModule, type NamedModule, type NamedVariable } from './core/module.js';
export { Random } from './core/random.js';
export * from './layers/index.js';
export * from './models/index.js';
// In the place of models' own builders, which know no weights.
export { buildEfficientNet, buildModel, buildResNet } from './pretrained/index.js';
export * from './pretrained/index.js';
export * from './scaling/index.js';
export * from './training/index.js';
export * from './vision/index.js';
export * from './weights/index.js';
