export { ConvNorm, type ConvNormOptions } from './conv-norm.js';
export { torchvisionBlocks, type BlockConvention } from './convention.js';
export { DeepStem, type DeepStemOptions } from './deep-stem.js';
export { FusedMBConv, type FusedMBConvOptions } from './fused-mb-conv.js';
export { fuse, type FuseOptions } from './fuse.js';
export { MBConv, type MBConvOptions } from './mb-conv.js';
export { PadShortcut, ResidualBlock, type ResidualBlockOptions } from './residual-block.js';
