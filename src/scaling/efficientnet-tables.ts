/** The published EfficientNets. A new network is a row of `networks`. */
import { roundFilters, roundToEights } from './compound.js';

/** What one EfficientNet is scaled by. */
export interface Coefficients {
  /** Multiplies the channels. */
  readonly width: number;
  /** Multiplies the repeats of a stage. */
  readonly depth: number;
  /** Side of the images, in pixels. */
  readonly size: number;
  /** Rate of dropout before the head. */
  readonly dropout: number;
}

function scaled(width: number, depth: number, size: number, dropout: number): Coefficients {
  return { width, depth, size, dropout };
}

/** One stage: blocks of one kind, kernel size and width, the first of them strided. */
export interface EfficientNetStage {
  readonly repeats: number;
  readonly kernelSize: number;
  /** Of the first block; the others have 1. */
  readonly stride: number;
  /** Channels between a block's first and last convolution by channels of its input. */
  readonly expandRatio: number;
  /** Of the first block; the others have `outChannels`. */
  readonly inChannels: number;
  readonly outChannels: number;
  /** Whether the blocks are FusedMBConv, which have no squeeze-excitation, and not MBConv. */
  readonly fused: boolean;
}

type Row = [
  repeats: number,
  kernelSize: number,
  stride: number,
  expandRatio: number,
  inChannels: number,
  outChannels: number,
];

function mbConv(...row: Row): EfficientNetStage {
  const [repeats, kernelSize, stride, expandRatio, inChannels, outChannels] = row;
  return { repeats, kernelSize, stride, expandRatio, inChannels, outChannels, fused: false };
}

function fusedMBConv(...row: Row): EfficientNetStage {
  return { ...mbConv(...row), fused: true };
}

/** The activations of EfficientNets. */
export const efficientNetActivations = ['swish', 'relu6'] as const;

/** What the networks of a variant have in common, and what each is scaled by. */
interface Variant {
  readonly activation: (typeof efficientNetActivations)[number];
  /** Channels of a squeeze by channels of the block's input; 0 is without squeeze-excitation. */
  readonly squeezeRatio: number;
  readonly round: (filters: number, width: number) => number;
  /** Whether the width of the stem and the head and the depth of the first and last stage are scaled. */
  readonly scalesEnds: boolean;
  /** Before scaling. */
  readonly stages: readonly EfficientNetStage[];
  readonly networks: Readonly<Record<string, Coefficients>>;
}

/** Tan and Le 2019, arXiv 1905.11946, table 1. */
const v1 = {
  activation: 'swish',
  squeezeRatio: 0.25,
  round: roundFilters,
  scalesEnds: true,
  stages: [
    mbConv(1, 3, 1, 1, 32, 16),
    mbConv(2, 3, 2, 6, 16, 24),
    mbConv(2, 5, 2, 6, 24, 40),
    mbConv(3, 3, 2, 6, 40, 80),
    mbConv(3, 5, 1, 6, 80, 112),
    mbConv(4, 5, 2, 6, 112, 192),
    mbConv(1, 3, 1, 6, 192, 320),
  ],
} as const;

/** Tan and Le 2021, arXiv 2104.00298. */
const v2 = { ...v1, round: (filters: number, width: number) => roundToEights(filters * width) } as const;

/** Of the reference implementation `efficientnet_params` and `efficientnet_lite_params`, and of V2 the tables of its paper. */
export const variants = {
  standard: {
    ...v1,
    networks: {
      b0: scaled(1.0, 1.0, 224, 0.2),
      b1: scaled(1.0, 1.1, 240, 0.2),
      b2: scaled(1.1, 1.2, 260, 0.3),
      b3: scaled(1.2, 1.4, 300, 0.3),
      b4: scaled(1.4, 1.8, 380, 0.4),
      b5: scaled(1.6, 2.2, 456, 0.4),
      b6: scaled(1.8, 2.6, 528, 0.5),
      b7: scaled(2.0, 3.1, 600, 0.5),
    },
  },
  lite: {
    ...v1,
    activation: 'relu6',
    squeezeRatio: 0,
    scalesEnds: false,
    networks: {
      lite0: scaled(1.0, 1.0, 224, 0.2),
      lite1: scaled(1.0, 1.1, 240, 0.2),
      lite2: scaled(1.1, 1.2, 260, 0.3),
      lite3: scaled(1.2, 1.4, 280, 0.3),
      lite4: scaled(1.4, 1.8, 300, 0.3),
    },
  },
  'v2-b': {
    ...v2,
    stages: [
      fusedMBConv(1, 3, 1, 1, 32, 16),
      fusedMBConv(2, 3, 2, 4, 16, 32),
      fusedMBConv(2, 3, 2, 4, 32, 48),
      mbConv(3, 3, 2, 4, 48, 96),
      mbConv(5, 3, 1, 6, 96, 112),
      mbConv(8, 3, 2, 6, 112, 192),
    ],
    networks: {
      'v2-b0': scaled(1.0, 1.0, 224, 0.2),
      'v2-b1': scaled(1.0, 1.1, 240, 0.2),
      'v2-b2': scaled(1.1, 1.2, 260, 0.3),
      'v2-b3': scaled(1.2, 1.4, 300, 0.3),
    },
  },
  'v2-s': {
    ...v2,
    stages: [
      fusedMBConv(2, 3, 1, 1, 24, 24),
      fusedMBConv(4, 3, 2, 4, 24, 48),
      fusedMBConv(4, 3, 2, 4, 48, 64),
      mbConv(6, 3, 2, 4, 64, 128),
      mbConv(9, 3, 1, 6, 128, 160),
      mbConv(15, 3, 2, 6, 160, 256),
    ],
    networks: { 'v2-s': scaled(1.0, 1.0, 384, 0.2) },
  },
  'v2-m': {
    ...v2,
    stages: [
      fusedMBConv(3, 3, 1, 1, 24, 24),
      fusedMBConv(5, 3, 2, 4, 24, 48),
      fusedMBConv(5, 3, 2, 4, 48, 80),
      mbConv(7, 3, 2, 4, 80, 160),
      mbConv(14, 3, 1, 6, 160, 176),
      mbConv(18, 3, 2, 6, 176, 304),
      mbConv(5, 3, 1, 6, 304, 512),
    ],
    networks: { 'v2-m': scaled(1.0, 1.0, 480, 0.3) },
  },
  'v2-l': {
    ...v2,
    stages: [
      fusedMBConv(4, 3, 1, 1, 32, 32),
      fusedMBConv(7, 3, 2, 4, 32, 64),
      fusedMBConv(7, 3, 2, 4, 64, 96),
      mbConv(10, 3, 2, 4, 96, 192),
      mbConv(19, 3, 1, 6, 192, 224),
      mbConv(25, 3, 2, 6, 224, 384),
      mbConv(7, 3, 1, 6, 384, 640),
    ],
    networks: { 'v2-l': scaled(1.0, 1.0, 480, 0.4) },
  },
} as const satisfies Record<string, Variant>;

/**
 * `'lite'`: EfficientNet-Lite, for small devices: ReLU6, no squeeze-excitation, stem and head not scaled, first and last
 * stage not repeated. `'v2-b'`, `'v2-s'`, `'v2-m'` and `'v2-l'`: the tables of EfficientNetV2.
 */
export type EfficientNetVariant = keyof typeof variants;

/** Every {@link EfficientNetVariant}. */
export const efficientNetVariants = Object.keys(variants) as readonly EfficientNetVariant[];

/** The names of the published networks of each variant. */
type NetworkNames = { [V in EfficientNetVariant]: keyof (typeof variants)[V]['networks'] };

/** The name of a published EfficientNet. */
export type EfficientNetName = `efficientnet-${NetworkNames[EfficientNetVariant]}`;

/** Every {@link EfficientNetName}. */
export const efficientNetNames = efficientNetVariants
  .flatMap((variant) => Object.keys(variants[variant].networks))
  .map((name) => `efficientnet-${name}`) as readonly EfficientNetName[];

/** The name of a published EfficientNetV2. */
export type EfficientNetV2Name = NetworkNames[Exclude<EfficientNetVariant, 'standard' | 'lite'>];

/** Every {@link EfficientNetV2Name}. */
export const efficientNetV2Names = efficientNetNames
  .filter((name) => name.startsWith('efficientnet-v2'))
  .map((name) => name.slice('efficientnet-'.length)) as readonly EfficientNetV2Name[];
