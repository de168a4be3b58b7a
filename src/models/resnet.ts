import { ConvNorm, type ConvNormOptions } from '../blocks/conv-norm.js';
import { DeepStem } from '../blocks/deep-stem.js';
import { ResidualBlock } from '../blocks/residual-block.js';
import {
  check,
  checkBoolean,
  checkOneOf,
  checkOptions,
  checkFraction,
  pickOptions,
  type OptionNames,
} from '../core/errors.js';
import { allOrNothing } from '../core/build.js';
import { Random } from '../core/random.js';
import { Dense, type DenseOptions } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { zeros } from '../layers/initializers.js';
import { MaxPool } from '../layers/pooling.js';
import {
  resNetArchitecture,
  type ResNetArchitecture,
  type ResNetArchitectureOptions,
  type ResNetDepth,
  type ResNetName,
} from '../scaling/index.js';
import { resNetArchitectureOptionNames } from '../scaling/resnet.js';
import { isInTorchvision, resNetConventions, type ResNetConventionName } from './conventions.js';
import { ImageClassifier } from './image-classifier.js';
import { changedPreprocessing, type Preprocessing } from './preprocessing.js';

/** Options of {@link buildResNet}. */
export interface ResNetOptions extends ResNetArchitectureOptions {
  /**
   * Whose padding, strides, biases, batch norm, initialisation and preprocessing. Default `'torchvision'`, of networks that
   * torchvision does not have `'timm'`.
   */
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
  /** `false` leaves every kernel zero, which is faster where weights are loaded next. Default true. */
  readonly initialize?: boolean;
  /** Of the random initial weights. Default 0. */
  readonly seed?: number;
}

/** Every option of {@link buildResNet} for a network without weights. */
export const resNetOptionNames: OptionNames<ResNetOptions> = {
  ...resNetArchitectureOptionNames,
  convention: true,
  preprocessing: true,
  dropout: true,
  zeroInitResidual: true,
  initialize: true,
  seed: true,
};

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
    const {
      convention: conventionName = defaultConvention(architecture),
      dropout = 0,
      seed = 0,
      initialize = true,
    } = options;
    checkOneOf('convention', conventionName, Object.keys(resNetConventions));
    checkFraction('dropout', dropout);
    checkBoolean('initialize', initialize);
    checkBoolean('zeroInitResidual', options.zeroInitResidual ?? false);
    check(
      !(architecture.shortcut === 'none' && options.zeroInitResidual),
      () =>
        "zeroInitResidual is true, and shortcut 'none': every block would give zeros for ever; leave one out.",
    );
    const preset = resNetConventions[conventionName];
    const convention = initialize
      ? preset
      : { ...preset, initializer: zeros, headInitializer: zeros, headBiasInitializer: zeros };
    const common = { convention, random: new Random(seed) };
    this.architecture = architecture;
    this.convention = conventionName;
    this.preprocessing = changedPreprocessing(preset.preprocessing(architecture.size), options.preprocessing);

    const { kind, stem, stemChannels, shortcut, groups, classes } = architecture;
    this.stem = buildStem(architecture, common);
    const isPooled = stem === 'imagenet' || stem === 'deep';
    this.pool = isPooled ? new MaxPool({ size: 3, stride: 2, padding: 1 }) : undefined;

    const block = {
      kind,
      shortcut,
      groups,
      strideIn: preset.strideIn,
      zeroLast: options.zeroInitResidual ?? (preset.zeroInitResidual && shortcut !== 'none'),
      ...common,
    };
    let inChannels = stemChannels;
    this.stages = architecture.stages.map(({ blocks, ...stage }, s) =>
      Array.from({ length: blocks }, (_, i) => {
        const stride = s > 0 && i === 0 ? 2 : 1;
        const residual = new ResidualBlock({ inChannels, ...stage, stride, ...block });
        inChannels = stage.outChannels;
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

function defaultConvention(architecture: ResNetArchitecture): ResNetConventionName {
  return isInTorchvision(architecture) ? 'torchvision' : 'timm';
}

function buildStem(
  { stem, inputChannels, stemChannels }: ResNetArchitecture,
  common: Pick<ConvNormOptions, 'convention' | 'random'>,
): ConvNorm {
  const last = { filters: stemChannels, activation: 'relu', ...common } as const;
  if (stem === 'imagenet')
    return new ConvNorm({ inChannels: inputChannels, kernelSize: 7, stride: 2, ...last });
  if (stem === 'cifar') return new ConvNorm({ inChannels: inputChannels, kernelSize: 3, ...last });
  const half = Math.max(1, stemChannels >> 1);
  const unit = { kernelSize: 3, ...last, filters: half };
  const first = [
    new ConvNorm({ inChannels: inputChannels, stride: 2, ...unit }),
    new ConvNorm({ inChannels: half, ...unit }),
  ];
  if (stem === 'deep') return new DeepStem({ first, kernelSize: 3, ...last });
  first.push(new ConvNorm({ inChannels: half, kernelSize: 3, ...last }));
  return new DeepStem({ first, kernelSize: 3, stride: 2, ...last });
}

/**
 * Builds a residual network with random weights: ResNet-18, 34, 50, 101 and 152 for ImageNet, their variants by torchvision's
 * and timm's names, and the smaller networks for CIFAR, 20, 32, 44, 56 and 110.
 * @param network - Its depth, such as 50, or its name, such as 'resnext50_32x4d'.
 * @throws ArgumentError where there is no such network or an option is out of range.
 */
export function buildResNet(network: ResNetDepth | ResNetName, options: ResNetOptions = {}): ResNet {
  checkOptions('buildResNet', options, resNetOptionNames);
  const architecture = resNetArchitecture(network, pickOptions(options, resNetArchitectureOptionNames));
  return allOrNothing(() => new ResNet(architecture, options));
}
