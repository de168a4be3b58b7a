export { ConvNorm, type ConvNormOptions } from './conv-norm.js';
export { torchvisionBlocks, type BlockConvention } from './convention.js';
export { MBConv, type MBConvOptions } from './mb-conv.js';
export { PadShortcut, ResidualBlock, type ResidualBlockOptions } from './residual-block.js';
