import { ConvNorm } from '../blocks/conv-norm.js';
import { BOTTLENECK_EXPANSION, ResidualBlock } from '../blocks/residual-block.js';
import {
  check,
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkFraction,
  shown,
  type OptionNames,
} from '../core/errors.js';
import { allOrNothing } from '../core/module.js';
import { Random } from '../core/random.js';
import { Dense, type DenseOptions } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { zeros } from '../layers/initializers.js';
import { MaxPool } from '../layers/pooling.js';
import { resNetConventions, type ResNetConventionName } from './conventions.js';
import { ImageClassifier } from './image-classifier.js';
import { changedPreprocessing, type Preprocessing } from './preprocessing.js';

/** Blocks of each stage of the networks for ImageNet (He et al. 2015, arXiv 1512.03385, table 1). */
const imageNetDepths = {
  18: { kind: 'basic', blocks: [2, 2, 2, 2] },
  34: { kind: 'basic', blocks: [3, 4, 6, 3] },
  50: { kind: 'bottleneck', blocks: [3, 4, 6, 3] },
  101: { kind: 'bottleneck', blocks: [3, 4, 23, 3] },
  152: { kind: 'bottleneck', blocks: [3, 8, 36, 3] },
} as const;

/** The networks for CIFAR: 6n + 2 layers (section 4.2). */
const cifarDepths = {
  20: { kind: 'basic', blocks: [3, 3, 3] },
  32: { kind: 'basic', blocks: [5, 5, 5] },
  44: { kind: 'basic', blocks: [7, 7, 7] },
  56: { kind: 'basic', blocks: [9, 9, 9] },
  110: { kind: 'basic', blocks: [18, 18, 18] },
} as const;

const publishedDepths = { ...imageNetDepths, ...cifarDepths };

/** What the networks for ImageNet and those for CIFAR differ in besides their blocks. */
const imageNet = {
  stem: 'imagenet',
  channels: 64,
  shortcut: 'projection',
  classes: 1000,
  size: 224,
} as const;
const cifar = { stem: 'cifar', channels: 16, shortcut: 'pad', classes: 10, size: 32 } as const;

/** The published depths: five for ImageNet, five for CIFAR. */
export type ResNetDepth = keyof typeof imageNetDepths | keyof typeof cifarDepths;

/** Every {@link ResNetDepth}. */
export const resNetDepths = Object.keys(publishedDepths).map(Number) as readonly ResNetDepth[];

/** Options of {@link buildResNet}. */
export interface ResNetOptions {
  /** Default 1000; of the CIFAR networks 10. */
  readonly classes?: number;
  /** Default 3. */
  readonly inputChannels?: number;
  /** Side of the images that the model is meant for, in pixels; any size works. Default 224; of the CIFAR networks 32. */
  readonly size?: number;
  /** Multiplies the channels of every convolution. Default 1. */
  readonly width?: number;
  /**
   * `'imagenet'`: 7x7 of stride 2, then max pooling of stride 2; `'cifar'`: 3x3 of stride 1, for small images.
   * Default what the depth was published with.
   */
  readonly stem?: 'imagenet' | 'cifar';
  /**
   * Of the blocks whose shape changes; see ResidualBlock. `'none'` takes the shortcuts from all blocks: the plain network of
   * the paper's sections 4.1 and 4.2, for comparison. Default `'projection'`; of the CIFAR networks `'pad'`.
   */
  readonly shortcut?: 'projection' | 'pad' | 'none';
  /** Whose padding, strides, biases, batch norm, initialisation and preprocessing. Default `'torchvision'`. */
  readonly convention?: ResNetConventionName;
  /** What differs from the preprocessing of the convention. Default nothing. */
  readonly preprocessing?: Partial<Preprocessing>;
  /** Rate of dropout before the head. Default 0. */
  readonly dropout?: number;
  /**
   * Starts the last batch norm of every block at zero, so that each block starts as the identity. Default what the
   * convention says, true of timm's; without shortcuts false.
   */
  readonly zeroInitResidual?: boolean;
  /** Whether the model ends with the dense head; otherwise with the pooled features. Default true. */
  readonly includeTop?: boolean;
  /** `false` leaves every kernel zero, which is faster where weights are loaded next. Default true. */
  readonly initialize?: boolean;
  /** Of the random initial weights. Default 0. */
  readonly seed?: number;
}

/** Every option of {@link buildResNet} for a network without weights. */
export const resNetOptionNames: OptionNames<ResNetOptions> = {
  classes: true,
  inputChannels: true,
  size: true,
  width: true,
  stem: true,
  shortcut: true,
  convention: true,
  preprocessing: true,
  dropout: true,
  zeroInitResidual: true,
  includeTop: true,
  initialize: true,
  seed: true,
};

/** All sizes of one ResNet; {@link resNetArchitecture} makes it. */
export interface ResNetArchitecture {
  /** Such as `resnet56`; without shortcuts `plain56`. */
  readonly name: string;
  readonly kind: 'basic' | 'bottleneck';
  /** Blocks and channels of the 3x3 convolutions, a stage each; every stage but the first halves the image. */
  readonly stages: readonly { readonly blocks: number; readonly channels: number }[];
  readonly stem: 'imagenet' | 'cifar';
  readonly stemChannels: number;
  readonly shortcut: 'projection' | 'pad' | 'none';
  readonly size: number;
  readonly inputChannels: number;
  /** Undefined without a head. */
  readonly classes: number | undefined;
}

/**
 * The sizes of the ResNet of this depth.
 * @throws ArgumentError where the depth is not a published one or an option is out of range.
 */
export function resNetArchitecture(depth: ResNetDepth, options: ResNetOptions = {}): ResNetArchitecture {
  checkOneOf('The depth of the ResNet', depth, resNetDepths);
  checkOptions('resNetArchitecture', options, resNetOptionNames);
  const family = depth in imageNetDepths ? imageNet : cifar;
  const {
    classes = family.classes,
    inputChannels = 3,
    size = family.size,
    width = 1,
    includeTop = true,
  } = options;
  const { stem = family.stem, shortcut = family.shortcut } = options;
  checkInteger('classes', classes, 1);
  checkInteger('inputChannels', inputChannels, 1);
  checkInteger('size', size, 1);
  check(
    Number.isFinite(width) && width > 0,
    () => `width is ${shown(width)}; give a positive number, such as 0.5.`,
  );
  checkBoolean('includeTop', includeTop);
  checkOneOf('stem', stem, ['imagenet', 'cifar']);
  checkOneOf('shortcut', shortcut, ['projection', 'pad', 'none']);
  check(
    !(shortcut === 'none' && options.zeroInitResidual),
    () =>
      "zeroInitResidual is true, and shortcut 'none': every block would give zeros for ever; leave one out.",
  );
  const { kind, blocks } = publishedDepths[depth];
  const channels = (stage: number) => Math.max(1, Math.round(family.channels * width)) * 2 ** stage;
  return {
    name: `${shortcut === 'none' ? 'plain' : 'resnet'}${depth}`,
    kind,
    stages: blocks.map((blocks, stage) => ({ blocks, channels: channels(stage) })),
    stem,
    stemChannels: channels(0),
    shortcut,
    size,
    inputChannels,
    classes: includeTop ? classes : undefined,
  };
}

/** A residual network of He et al. 2015 (arXiv 1512.03385); {@link buildResNet} makes it. */
export class ResNet extends ImageClassifier {
  override architecture: ResNetArchitecture;
  readonly convention: ResNetConventionName;
  readonly preprocessing: Preprocessing;
  readonly stem: ConvNorm;
  override readonly pool: MaxPool | undefined;
  readonly stages: readonly (readonly ResidualBlock[])[];
  readonly dropout: Dropout;
  override head: Dense | undefined;
  protected override readonly headInitializers: Pick<DenseOptions, 'initializer' | 'biasInitializer'>;

  constructor(architecture: ResNetArchitecture, options: ResNetOptions = {}) {
    super();
    checkOptions('ResNet', options, resNetOptionNames);
    const { convention: conventionName = 'torchvision', dropout = 0, seed = 0, initialize = true } = options;
    checkOneOf('convention', conventionName, Object.keys(resNetConventions));
    checkFraction('dropout', dropout);
    checkBoolean('initialize', initialize);
    checkBoolean('zeroInitResidual', options.zeroInitResidual ?? false);
    const preset = resNetConventions[conventionName];
    const convention = initialize
      ? preset
      : { ...preset, initializer: zeros, headInitializer: zeros, headBiasInitializer: zeros };
    const common = { convention, random: new Random(seed) };
    this.architecture = architecture;
    this.convention = conventionName;
    this.preprocessing = changedPreprocessing(preset.preprocessing(architecture.size), options.preprocessing);

    const { kind, stem, stemChannels, shortcut, inputChannels, classes } = architecture;
    const stemWindow = stem === 'imagenet' ? { kernelSize: 7, stride: 2 } : { kernelSize: 3 };
    this.stem = new ConvNorm({
      inChannels: inputChannels,
      filters: stemChannels,
      ...stemWindow,
      activation: 'relu',
      ...common,
    });
    this.pool = stem === 'imagenet' ? new MaxPool({ size: 3, stride: 2, padding: 1 }) : undefined;

    const block = {
      kind,
      shortcut,
      strideIn: preset.strideIn,
      zeroLast: options.zeroInitResidual ?? (preset.zeroInitResidual && shortcut !== 'none'),
      ...common,
    };
    let inChannels = stemChannels;
    this.stages = architecture.stages.map(({ blocks, channels }, stage) =>
      Array.from({ length: blocks }, (_, i) => {
        const stride = stage > 0 && i === 0 ? 2 : 1;
        const residual = new ResidualBlock({ inChannels, channels, stride, ...block });
        inChannels = kind === 'basic' ? channels : channels * BOTTLENECK_EXPANSION;
        return residual;
      }),
    );
    this.dropout = new Dropout(dropout);
    this.headInitializers = {
      initializer: preset.headInitializer,
      biasInitializer: preset.headBiasInitializer,
    };
    if (classes !== undefined) {
      const { headInitializer: initializer, headBiasInitializer: biasInitializer } = convention;
      const { random } = common;
      this.head = new Dense({ inFeatures: inChannels, units: classes, initializer, biasInitializer, random });
    }
  }
}

/**
 * Builds a residual network with random weights: ResNet-18, 34, 50, 101 and 152 for ImageNet, and the smaller
 * networks for CIFAR, 20, 32, 44, 56 and 110.
 * @throws ArgumentError where the depth is not a published one or an option is out of range.
 */
export function buildResNet(depth: ResNetDepth, options: ResNetOptions = {}): ResNet {
  checkOptions('buildResNet', options, resNetOptionNames);
  return allOrNothing(() => new ResNet(resNetArchitecture(depth, options), options));
}
