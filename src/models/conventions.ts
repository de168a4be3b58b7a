import { torchvisionBlocks, type BlockConvention } from '../blocks/convention.js';
import {
  glorotUniform,
  heNormal,
  heTruncatedNormal,
  uniformFanIn,
  uniformFanOut,
  zeros,
  type Initializer,
} from '../layers/initializers.js';
import type { EfficientNetVariant, ResNetArchitecture } from '../scaling/index.js';
import { conventionNames, type ConventionName } from './convention-names.js';
import { colorPreprocessing, type Preprocessing } from './preprocessing.js';

export { conventionNames, type ConventionName };

/** Conventions of ResNets; timm ported none from TensorFlow. */
export type ResNetConventionName = Exclude<ConventionName, 'timm-tf'>;

/** Everything that one source's models of one family share. */
export interface Convention extends BlockConvention {
  /** Where the stride of a bottleneck stands. */
  readonly strideIn: '3x3' | '1x1';
  /** Whether the last batch norm of every residual block starts at zero. */
  readonly zeroInitResidual: boolean;
  readonly headInitializer: Initializer;
  readonly headBiasInitializer: Initializer;
  /** How an image of any size becomes the network's square of `size` pixels. */
  readonly preprocessing: (size: number) => Preprocessing;
}

const { torch: imageNet, caffe } = colorPreprocessing;

/** Images as small as CIFAR's show nothing that could be cropped. */
const SMALL = 64;

/** The short side that is cropped to 224 of 256, in proportion. */
const resize256 = (size: number) => (size <= SMALL ? size : Math.round((size * 256) / 224));

/** TensorFlow's EfficientNets crop 16 pixels on every side. */
const resizeBy32 = (size: number) => (size <= SMALL ? size : size + 32);

/** Whether torchvision has networks of this kind: timm's deep stems, averaging shortcuts and squeeze-excitation it has not. */
export function isInTorchvision({ stem, shortcut, stages }: ResNetArchitecture): boolean {
  const isDeep = stem === 'deep' || stem === 'deep-strided';
  return !isDeep && shortcut !== 'average' && stages.every(({ squeezeChannels }) => squeezeChannels === 0);
}

const torchvisionResNet: Convention = {
  ...torchvisionBlocks,
  strideIn: '3x3',
  zeroInitResidual: false,
  headInitializer: uniformFanIn,
  headBiasInitializer: uniformFanIn,
  preprocessing: (size) => ({ size, resize: resize256(size), interpolation: 'bilinear', ...imageNet }),
};

/**
 * ResNets; sources: torchvision/models/resnet.py, timm/models/resnet.py (preprocessing as its default weights, a1_in1k)
 * and keras/applications/resnet.py.
 */
export const resNetConventions: Record<ResNetConventionName, Convention> = {
  torchvision: torchvisionResNet,
  timm: {
    ...torchvisionResNet,
    zeroInitResidual: true,
    preprocessing: (size) => ({
      size,
      resize: Math.floor(size / 0.95),
      interpolation: 'bicubic',
      ...imageNet,
    }),
  },
  keras: {
    padding: 'symmetric',
    convolutionBias: true,
    batchNorm: { epsilon: 1.001e-5, momentum: 0.99, runningVariance: 'biased' },
    initializer: glorotUniform,
    depthwiseFanOut: 'channel',
    strideIn: '1x1',
    zeroInitResidual: false,
    headInitializer: glorotUniform,
    headBiasInitializer: zeros,
    preprocessing: (size) => ({ size, resize: resize256(size), interpolation: 'bilinear', ...caffe }),
  },
};

/**
 * What torchvision resizes to and crops for its published B0–B7, by the size that they are trained at; its B2 is
 * evaluated at 288.
 */
const torchvisionEvaluation: Record<number, Pick<Preprocessing, 'resize' | 'size'>> = {
  224: { resize: 256, size: 224 },
  240: { resize: 256, size: 240 },
  260: { resize: 288, size: 288 },
  300: { resize: 320, size: 300 },
  380: { resize: 384, size: 380 },
  456: { resize: 456, size: 456 },
  528: { resize: 528, size: 528 },
  600: { resize: 600, size: 600 },
};

/**
 * The input of EfficientNet-Lite, which is made for quantising: bytes less 127, by 128
 * (efficientnet/lite/efficientnet_lite_builder.py in TensorFlow's TPU models).
 */
const litePreprocessing = (size: number): Preprocessing => ({
  size,
  resize: resizeBy32(size),
  interpolation: 'bicubic',
  channels: 'rgb',
  scale: 1,
  mean: [127, 127, 127],
  std: [128, 128, 128],
});

/** Colours between -1 and 1. */
const half = { channels: 'rgb', scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;

/** EfficientNetV2-S, M and L see the whole image, in the colours that each source trained them with. */
function largeV2Preprocessing(name: ConventionName, variant: EfficientNetVariant) {
  return (size: number): Preprocessing => {
    const whole = { size, resize: size, interpolation: 'bicubic' } as const;
    // Keras's Rescaling(1 / 128, offset -1).
    if (name === 'keras')
      return { ...whole, channels: 'rgb', scale: 1 / 128, mean: [1, 1, 1], std: [1, 1, 1] };
    if (name === 'torchvision' && variant !== 'v2-l')
      return { ...whole, interpolation: 'bilinear', ...imageNet };
    // timm's crop_mode 'squash' of TensorFlow's M and L.
    const stretched = name === 'timm-tf' && variant !== 'v2-s' && { stretch: true };
    return { ...whole, ...(name === 'timm' ? imageNet : half), ...stretched };
  };
}

/** The share of the resized image that timm crops, by the size (`crop_pct` in timm/models/efficientnet.py). */
const timmCrop: Record<number, number> = {
  224: 0.875,
  240: 0.882,
  260: 0.89,
  300: 0.904,
  380: 0.922,
  456: 0.934,
  528: 0.942,
  600: 0.949,
};

/**
 * timm's input for B0–B7, V2-B0–B3 and Lite. Its smaller networks that it trained itself crop 0.875, all others as TensorFlow's.
 */
function timmPreprocessing(name: 'timm' | 'timm-tf', variant: EfficientNetVariant) {
  return (size: number): Preprocessing => {
    const crop = name === 'timm' && size < 456 ? 0.875 : (timmCrop[size] ?? size / (size + 32));
    const resize = Math.floor(size / crop);
    if (variant !== 'lite') return { size, resize, interpolation: 'bicubic', ...imageNet };
    // Lite3 and Lite4 are the larger ones.
    return { size, resize, interpolation: size < 280 ? 'bicubic' : 'bilinear', ...half };
  };
}

function efficientNetPreprocessing(
  name: ConventionName,
  variant: EfficientNetVariant,
): (size: number) => Preprocessing {
  if (['v2-s', 'v2-m', 'v2-l'].includes(variant)) return largeV2Preprocessing(name, variant);
  if (name === 'timm' || name === 'timm-tf') return timmPreprocessing(name, variant);
  if (variant === 'lite') return litePreprocessing;
  return (size) => {
    const published = name === 'torchvision' ? torchvisionEvaluation[size] : undefined;
    const sides = published ?? { resize: resizeBy32(size), size };
    return { ...sides, interpolation: 'bicubic', ...imageNet };
  };
}

/**
 * EfficientNets; sources: torchvision/models/efficientnet.py, keras/applications/efficientnet.py and efficientnet_v2.py, and
 * timm's efficientnet.py and _efficientnet_builder.py.
 * @param depth - The depth coefficient: torchvision's B5 and larger follow TensorFlow's batch norm.
 * @param variant - Lite has other preprocessing, whatever the convention.
 */
export function efficientNetConvention(
  name: ConventionName,
  depth: number,
  variant: EfficientNetVariant = 'standard',
): Convention {
  const isV2 = variant.startsWith('v2-');
  const common = {
    convolutionBias: false,
    strideIn: '3x3',
    zeroInitResidual: false,
    headInitializer: uniformFanOut,
    headBiasInitializer: zeros,
    preprocessing: efficientNetPreprocessing(name, variant),
  } as const;
  if (name === 'keras') {
    return {
      ...common,
      padding: 'same',
      batchNorm: { epsilon: 1e-3, momentum: isV2 ? 0.9 : 0.99, runningVariance: 'biased' },
      initializer: heTruncatedNormal,
      depthwiseFanOut: 'channel',
    };
  }
  if (name === 'timm' || name === 'timm-tf') {
    return {
      ...common,
      padding: name === 'timm' ? 'symmetric' : 'same',
      // timm keeps PyTorch's momentum even where epsilon is TensorFlow's.
      batchNorm: { epsilon: name === 'timm' ? 1e-5 : 1e-3, momentum: 0.9, runningVariance: 'unbiased' },
      initializer: heNormal,
      depthwiseFanOut: 'channel',
    };
  }
  const likeTensorFlow = depth >= 2.2 && !isV2;
  return {
    ...common,
    padding: 'symmetric',
    batchNorm: {
      epsilon: likeTensorFlow || isV2 ? 1e-3 : 1e-5,
      momentum: likeTensorFlow ? 0.99 : 0.9,
      runningVariance: 'unbiased',
    },
    initializer: heNormal,
    depthwiseFanOut: 'layer',
  };
}
