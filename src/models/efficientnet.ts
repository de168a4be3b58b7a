import { ConvNorm } from '../blocks/conv-norm.js';
import { FusedMBConv } from '../blocks/fused-mb-conv.js';
import { MBConv } from '../blocks/mb-conv.js';
import {
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
import {
  efficientNetArchitecture,
  type Coefficients,
  type EfficientNetV2Name,
  type EfficientNetArchitecture,
  type EfficientNetVariant,
} from '../scaling/index.js';
import { efficientNetArchitectureOptionNames } from '../scaling/efficientnet.js';
import {
  conventionNames,
  efficientNetConvention,
  type Convention,
  type ConventionName,
} from './conventions.js';
import { ImageClassifier } from './image-classifier.js';
import { changedPreprocessing, type Preprocessing } from './preprocessing.js';

/** Options of {@link buildEfficientNet}. */
export interface EfficientNetOptions {
  /** Default 1000. */
  readonly classes?: number;
  /** Default 3. */
  readonly inputChannels?: number;
  /**
   * `'lite'`: EfficientNet-Lite 0–4, with ReLU6, without squeeze-excitation, stem and head not scaled, first and last
   * stage not repeated. `'v2-b'`, `'v2-s'`, `'v2-m'`, `'v2-l'`: which table of EfficientNetV2 coefficients of your own scale.
   * Default `'standard'`, or what the name of an EfficientNetV2 says.
   */
  readonly variant?: EfficientNetVariant;
  /**
   * Whose padding, batch norm, initialisation and preprocessing. Default `'torchvision'`; of Lite and V2-B0 to B3, which
   * TensorFlow published and torchvision does not have, `'keras'`.
   */
  readonly convention?: ConventionName;
  /** What differs from the preprocessing of the convention. Default nothing. */
  readonly preprocessing?: Partial<Preprocessing>;
  /** Rate of dropout before the head. Default what the network was published with. */
  readonly dropout?: number;
  /**
   * Rate of stochastic depth at the last block; block i of N has rate * i / N. Default 0.2.
   */
  readonly stochasticDepth?: number;
  /** Whether the model ends with the dense head; otherwise with the pooled features. Default true. */
  readonly includeTop?: boolean;
  /** `false` leaves every kernel zero, which is faster where weights are loaded next. Default true. */
  readonly initialize?: boolean;
  /** Of the random initial weights. Default 0. */
  readonly seed?: number;
}

/** Every option of {@link buildEfficientNet} for a network without weights. */
export const efficientNetOptionNames: OptionNames<EfficientNetOptions> = {
  ...efficientNetArchitectureOptionNames,
  convention: true,
  preprocessing: true,
  dropout: true,
  stochasticDepth: true,
  initialize: true,
  seed: true,
};

/** A compound-scaled network of Tan and Le 2019 (arXiv 1905.11946); {@link buildEfficientNet} makes it. */
export class EfficientNet extends ImageClassifier {
  override architecture: EfficientNetArchitecture;
  readonly convention: ConventionName;
  readonly preprocessing: Preprocessing;
  readonly stem: ConvNorm;
  readonly stages: readonly (readonly (MBConv | FusedMBConv)[])[];
  override readonly lastConv: ConvNorm;
  readonly dropout: Dropout;
  override head: Dense | undefined;
  protected override readonly headInitializers: Pick<DenseOptions, 'initializer'>;

  constructor(architecture: EfficientNetArchitecture, options: EfficientNetOptions = {}) {
    super();
    checkOptions('EfficientNet', options, efficientNetOptionNames);
    const { variant, activation, squeezeRatio, inputChannels, classes } = architecture;
    const {
      convention: conventionName = variant === 'lite' || variant === 'v2-b' ? 'keras' : 'torchvision',
    } = options;
    const { seed = 0, initialize = true } = options;
    const { dropout = architecture.dropout, stochasticDepth = 0.2 } = options;
    checkOneOf('convention', conventionName, conventionNames);
    checkFraction('dropout', dropout);
    checkFraction('stochasticDepth', stochasticDepth);
    checkBoolean('initialize', initialize);
    const preset = efficientNetConvention(conventionName, architecture.depth, variant);
    const convention: Convention = initialize
      ? preset
      : { ...preset, initializer: zeros, headInitializer: zeros };
    const random = new Random(seed);
    const common = { activation, convention, random };
    this.architecture = architecture;
    this.convention = conventionName;
    this.preprocessing = changedPreprocessing(preset.preprocessing(architecture.size), options.preprocessing);

    const { stemFilters, lastFilters } = architecture;
    this.stem = new ConvNorm({
      inChannels: inputChannels,
      filters: stemFilters,
      kernelSize: 3,
      stride: 2,
      ...common,
    });

    const blocks = architecture.stages.reduce((sum, { repeats }) => sum + repeats, 0);
    let index = 0;
    this.stages = architecture.stages.map(
      ({ repeats, stride, inChannels, outChannels, fused, kernelSize, expandRatio }) =>
        Array.from({ length: repeats }, (_, i) => {
          const block = {
            inChannels: i === 0 ? inChannels : outChannels,
            outChannels,
            kernelSize,
            stride: i === 0 ? stride : 1,
            expandRatio,
            stochasticDepth: (stochasticDepth * index++) / blocks,
            ...common,
          };
          return fused ? new FusedMBConv(block) : new MBConv({ squeezeRatio, ...block });
        }),
    );

    const inChannels = architecture.stages.at(-1)!.outChannels;
    this.lastConv = new ConvNorm({ inChannels, filters: lastFilters, kernelSize: 1, ...common });
    this.dropout = new Dropout(dropout);
    this.headInitializers = { initializer: preset.headInitializer };
    if (classes !== undefined) {
      const initializer = convention.headInitializer;
      this.head = new Dense({ inFeatures: lastFilters, units: classes, initializer, random });
    }
  }
}

/**
 * Builds an EfficientNet with random weights.
 * @param scale - 0 to 7 for B0 to B7 exactly as published; any number from -4 to 10 for a network between or beyond, as
 * `coefficients` says; of `variant: 'lite'` 0, 1, 2, 3 or 4; the name of an EfficientNetV2, such as 'v2-s'; or your own coefficients.
 * @throws ArgumentError where the scale, `variant`, `classes` or `inputChannels` is out of range; ArgumentError where
 * another option is.
 */
export function buildEfficientNet(
  scale: number | EfficientNetV2Name | Coefficients,
  options: EfficientNetOptions = {},
): EfficientNet {
  checkOptions('buildEfficientNet', options, efficientNetOptionNames);
  const architecture = efficientNetArchitecture(
    scale,
    pickOptions(options, efficientNetArchitectureOptionNames),
  );
  return allOrNothing(() => new EfficientNet(architecture, options));
}
