import {
  ArgumentError,
  check,
  checkOptions,
  pickOptions,
  quoted,
  shown,
  type OptionNames,
} from '../core/errors.js';
import { allOrNothing } from '../core/module.js';
import type { ModelDescription } from '../graph/describe.js';
import type { ConventionName } from './conventions.js';
import {
  coefficients,
  efficientNetArchitecture,
  MAX_SCALE,
  MIN_SCALE,
  type EfficientNetArchitecture,
  type EfficientNetArchitectureOptions,
  type EfficientNetVariant,
} from '../scaling/index.js';
import { efficientNetArchitectureOptionNames } from '../scaling/efficientnet.js';
import { describeEfficientNet, describeResNet } from './describe.js';
import { EfficientNet, efficientNetOptionNames, type EfficientNetOptions } from './efficientnet.js';
import type { ImageClassifier } from './image-classifier.js';
import {
  ResNet,
  resNetArchitecture,
  resNetDepths,
  resNetOptionNames,
  type ResNetArchitecture,
  type ResNetDepth,
  type ResNetOptions,
} from './resnet.js';

/** The name of a published network. {@link buildModel} takes more: `efficientnet-b` with any scale. */
export type ModelName =
  | `resnet${ResNetDepth}`
  | `efficientnet-b${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`
  | `efficientnet-lite${0 | 1 | 2 | 3 | 4}`;

/** Every {@link ModelName}. */
export const modelNames: readonly ModelName[] = [
  ...resNetDepths.map((depth) => `resnet${depth}` as const),
  ...([0, 1, 2, 3, 4, 5, 6, 7] as const).map((x) => `efficientnet-b${x}` as const),
  ...([0, 1, 2, 3, 4] as const).map((x) => `efficientnet-lite${x}` as const),
];

/** Options of {@link buildModel}: those of both families. */
export type ModelOptions = Omit<ResNetOptions & EfficientNetOptions, 'convention'> & {
  readonly convention?: ConventionName;
  /** Multiplies the blocks of every stage of an EfficientNet. Default 1. */
  readonly depth?: number;
};

/** Every option of {@link buildModel} for a network without weights. */
export const modelOptionNames: OptionNames<ModelOptions> = {
  ...resNetOptionNames,
  ...efficientNetOptionNames,
  depth: true,
};

/** All sizes of a network of either family. */
export type Architecture = ResNetArchitecture | EfficientNetArchitecture;

/**
 * Builds the network of this name, as `buildResNet` and `buildEfficientNet` do; for programs that are told a name. It is one
 * of {@link modelNames}, or of an EfficientNet between or beyond the published ones, such as `efficientnet-b2.26`. `width`,
 * `depth` and `size` scale EfficientNets too: they multiply the coefficients, and replace the resolution.
 * @throws ArgumentError where there is no network of this name, or an option is given that only the other
 * family has.
 */
export function buildModel(name: string, options: ModelOptions = {}): ImageClassifier {
  checkOptions('buildModel', options, modelOptionNames);
  return buildArchitecture(modelArchitecture(name, options), options);
}

/** Builds the network of these sizes. */
export function buildArchitecture(architecture: Architecture, options: ModelOptions = {}): ImageClassifier {
  return allOrNothing(() =>
    isResNet(architecture)
      ? new ResNet(architecture, pickOptions(options as ResNetOptions, resNetOptionNames))
      : new EfficientNet(architecture, pickOptions(options, efficientNetOptionNames)),
  );
}

/**
 * Counts the network of this name layer by layer without building it.
 * @param options - Of these, what scales the network, the classes, the head, the width of the input, and for the biases
 * of ResNets the convention.
 * @throws ArgumentError where there is no network of this name.
 */
export function describeModel(name: string, options: ModelOptions = {}): ModelDescription {
  checkOptions('describeModel', options, modelOptionNames);
  return describeArchitecture(modelArchitecture(name, options), options);
}

/** Counts the network of these sizes layer by layer without building it. */
export function describeArchitecture(
  architecture: Architecture,
  { convention }: Pick<ModelOptions, 'convention'> = {},
): ModelDescription {
  return isResNet(architecture)
    ? describeResNet(architecture, { convention: convention as ResNetOptions['convention'] })
    : describeEfficientNet(architecture);
}

function isResNet(architecture: Architecture): architecture is ResNetArchitecture {
  return 'kind' in architecture;
}

/** The options that only one of the families has. */
const ownOptions = {
  resnet: ['stem', 'shortcut', 'zeroInitResidual'],
  efficientnet: ['depth', 'stochasticDepth'],
} as const;

/** The sizes of the network of this name. */
export function modelArchitecture(name: string, options: ModelOptions): Architecture {
  const { family, number } = parse(name);
  const [other, instead] =
    family === 'resnet'
      ? ([ownOptions.efficientnet, 'an EfficientNet'] as const)
      : ([ownOptions.resnet, 'a ResNet'] as const);
  for (const option of other) {
    const value = options[option];
    check(
      value === undefined,
      () => `${option} is ${value}, and ${name} has none; leave it out, or take ${instead}.`,
    );
  }
  return family === 'resnet'
    ? resNetArchitecture(number as ResNetDepth, pickOptions(options as ResNetOptions, resNetOptionNames))
    : scaledEfficientNet(name, number, family, options);
}

/** The published network with its coefficients multiplied. */
function scaledEfficientNet(
  name: string,
  number: number,
  variant: EfficientNetVariant,
  options: ModelOptions,
): EfficientNetArchitecture {
  const published = coefficients(number, variant);
  const { width = 1, depth = 1, size = published.resolution } = options;
  const scaled = {
    width: published.width * width,
    depth: published.depth * depth,
    resolution: size,
    dropout: published.dropout,
  };
  const own = pickOptions<EfficientNetArchitectureOptions>(options, efficientNetArchitectureOptionNames);
  return { ...efficientNetArchitecture(scaled, { ...own, variant }), name };
}

/** Of `efficientnet-b` the number may be any scale, spelled as JavaScript prints it, so that a network has one name. */
function parse(name: string): { family: 'resnet' | 'standard' | 'lite'; number: number } {
  const [, family, text] = /^(resnet|efficientnet-b|efficientnet-lite)(-?[\d.]+)$/.exec(name) ?? [];
  const number = Number(text);
  const isScale =
    family === 'efficientnet-b' && String(number) === text && number >= MIN_SCALE && number <= MAX_SCALE;
  if (!isScale && !(modelNames as readonly string[]).includes(name)) {
    throw new ArgumentError(
      `There is no model ${typeof name === 'string' ? quoted(name) : shown(name)}; the models are ${modelNames.join(', ')}, and ` +
        `efficientnet-b with any number from ${MIN_SCALE} to ${MAX_SCALE}, such as efficientnet-b2.26.`,
    );
  }
  const families = { resnet: 'resnet', 'efficientnet-b': 'standard', 'efficientnet-lite': 'lite' } as const;
  return { family: families[family as keyof typeof families], number };
}
