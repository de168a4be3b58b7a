import type { BlockConvention } from '../blocks/convention.js';
import {
  glorotUniform,
  heNormal,
  heTruncatedNormal,
  uniformFanIn,
  uniformFanOut,
  zeros,
  type Initializer,
} from '../layers/initializers.js';
import type { EfficientNetVariant } from '../scaling/index.js';
import type { Preprocessing } from './preprocessing.js';

/**
 * Whose numbers a model follows: padding, stride placement, convolution biases, epsilon, momentum, initialisation and
 * preprocessing, all together, since a wrong combination fails silently.
 */
export type ConventionName = 'torchvision' | 'keras';

/** Everything that one source's models of one family share. */
export interface Convention extends BlockConvention {
  /** Where the stride of a bottleneck stands. */
  readonly strideIn: '3x3' | '1x1';
  readonly headInitializer: Initializer;
  readonly headBiasInitializer: Initializer;
  /** How an image of any size becomes the network's square of `size` pixels. */
  readonly preprocessing: (size: number) => Preprocessing;
}

/** RGB / 255, normalised by ImageNet's statistics: torchvision's and timm's input. */
const imageNet = {
  channels: 'rgb',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

/** BGR, ImageNet's mean subtracted, not scaled: the input of the original Caffe ResNets, which Keras kept. */
const caffe = { channels: 'bgr', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] } as const;

/** The short side that is cropped to 224 of 256, in proportion; images as small as CIFAR's are not cropped. */
const resize256 = (size: number) => (size <= 64 ? size : Math.round((size * 256) / 224));

/** ResNets; sources: torchvision/models/resnet.py and keras/applications/resnet.py. */
export const resNetConventions: Record<ConventionName, Convention> = {
  torchvision: {
    padding: 'symmetric',
    convolutionBias: false,
    batchNorm: { epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' },
    initializer: heNormal,
    depthwiseFanOut: 'layer',
    strideIn: '3x3',
    headInitializer: uniformFanIn,
    headBiasInitializer: uniformFanIn,
    preprocessing: (size) => ({ size, resize: resize256(size), interpolation: 'bilinear', ...imageNet }),
  },
  keras: {
    padding: 'symmetric',
    convolutionBias: true,
    batchNorm: { epsilon: 1.001e-5, momentum: 0.99, runningVariance: 'biased' },
    initializer: glorotUniform,
    depthwiseFanOut: 'channel',
    strideIn: '1x1',
    headInitializer: glorotUniform,
    headBiasInitializer: zeros,
    preprocessing: (size) => ({ size, resize: resize256(size), interpolation: 'bilinear', ...caffe }),
  },
};

/**
 * What torchvision resizes to and crops for its published B0–B7, by the resolution that they are trained at; its B2 is
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
  resize: size + 32,
  interpolation: 'bicubic',
  channels: 'rgb',
  scale: 1,
  mean: [127, 127, 127],
  std: [128, 128, 128],
});

/**
 * EfficientNets; sources: torchvision/models/efficientnet.py and keras/applications/efficientnet.py.
 * @param depth - The depth coefficient: torchvision's B5 and larger follow TensorFlow's batch norm.
 * @param variant - Lite has its own preprocessing, whatever the convention.
 */
export function efficientNetConvention(
  name: ConventionName,
  depth: number,
  variant: EfficientNetVariant = 'standard',
): Convention {
  const common = {
    convolutionBias: false,
    strideIn: '3x3',
    headInitializer: uniformFanOut,
    headBiasInitializer: zeros,
  } as const;
  if (name === 'keras') {
    return {
      ...common,
      padding: 'same',
      batchNorm: { epsilon: 1e-3, momentum: 0.99, runningVariance: 'biased' },
      initializer: heTruncatedNormal,
      depthwiseFanOut: 'channel',
      preprocessing:
        variant === 'lite'
          ? litePreprocessing
          : (size) => ({ size, resize: size + 32, interpolation: 'bicubic', ...imageNet }),
    };
  }
  const likeTensorFlow = depth >= 2.2;
  return {
    ...common,
    padding: 'symmetric',
    batchNorm: likeTensorFlow
      ? { epsilon: 1e-3, momentum: 0.99, runningVariance: 'unbiased' }
      : { epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' },
    initializer: heNormal,
    depthwiseFanOut: 'layer',
    preprocessing:
      variant === 'lite'
        ? litePreprocessing
        : (size) => ({
            ...(torchvisionEvaluation[size] ?? { resize: size + 32, size }),
            interpolation: 'bicubic',
            ...imageNet,
          }),
  };
}
