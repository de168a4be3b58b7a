import {
  ArgumentError,
  check,
  checkOptions,
  pickOptions,
  quoted,
  shown,
  type OptionNames,
} from '../core/errors.js';
import type { ModelDescription } from '../graph/describe.js';
import { allOrNothing } from '../core/build.js';
import type { ConventionName } from './conventions.js';
import {
  coefficients,
  efficientNetArchitecture,
  efficientNetNames,
  efficientNetV2Names,
  MAX_SCALE,
  MIN_SCALE,
  resNetArchitecture,
  resNetNames,
  type Architecture,
  type EfficientNetArchitecture,
  type EfficientNetArchitectureOptions,
  type EfficientNetName,
  type EfficientNetV2Name,
  type EfficientNetVariant,
  type ResNetArchitectureOptions,
  type ResNetName,
} from '../scaling/index.js';
import { efficientNetArchitectureOptionNames } from '../scaling/efficientnet.js';
import { resNetArchitectureOptionNames } from '../scaling/resnet.js';
import { describeEfficientNet, describeResNet } from './describe.js';
import { withUnbuilt } from './describe-unbuilt.js';
import { EfficientNet, efficientNetOptionNames, type EfficientNetOptions } from './efficientnet.js';
import type { ImageClassifier } from './image-classifier.js';
import { ResNet, resNetOptionNames, type ResNetOptions } from './resnet.js';

export type { EfficientNetArchitecture, ResNetArchitecture } from '../scaling/index.js';
export { parseArchitecture } from '../scaling/parse-architecture.js';
export { headFeatures, convolutionCount, stageBlocks, type Architecture } from '../scaling/architecture.js';

/** The name of a published network. {@link buildModel} takes more: `efficientnet-b` with any scale. */
export type ModelName = ResNetName | EfficientNetName;

/** Every {@link ModelName}. */
export const modelNames: readonly ModelName[] = [...resNetNames, ...efficientNetNames];

/** Options of {@link buildModel}: those of both families. */
export type ModelOptions = Omit<ResNetOptions, keyof EfficientNetOptions> &
  Omit<EfficientNetOptions, 'convention'> & {
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

/**
 * Builds the network of this name, as `buildResNet` and `buildEfficientNet` do; for programs that get a name. It is one
 * of {@link modelNames}, or of an EfficientNet between or beyond the published ones, such as `efficientnet-b2.26`. `width`,
 * `depth` and `size` scale EfficientNets too: they multiply the coefficients, and replace the size.
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
    architecture.family === 'resnet'
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
  return architecture.family === 'resnet'
    ? describeResNet(architecture, { convention: convention as ResNetOptions['convention'] })
    : describeEfficientNet(architecture);
}

/** The number of weights of the network of these sizes, running statistics included. None are made. */
export function countWeights(
  architecture: Architecture,
  options: Pick<ModelOptions, 'convention'> = {},
): number {
  return withUnbuilt(
    () => buildArchitecture(architecture, options),
    (model) => model.variables().reduce((sum, { size }) => sum + size, 0),
  );
}

/** The options that only one of the families has. */
const familyOptions = {
  resnet: ['stem', 'shortcut', 'zeroInitResidual'],
  efficientnet: ['depth', 'stochasticDepth'],
} as const;

/** The sizes of the network of this name. */
export function modelArchitecture(name: string, options: ModelOptions): Architecture {
  const resNet = resNetNames.find((each) => each === name);
  if (resNet) {
    refuseOptions(name, options, 'efficientnet', 'an EfficientNet');
    const sizes = pickOptions<ResNetArchitectureOptions>(options, resNetArchitectureOptionNames);
    return resNetArchitecture(resNet, sizes);
  }
  const { scale, variant } = parseEfficientNet(name);
  refuseOptions(name, options, 'resnet', 'a ResNet');
  return scaledEfficientNet(name, scale, variant, options);
}

/** Throws where an option is given that only the other family has. */
function refuseOptions(
  name: string,
  options: ModelOptions,
  other: keyof typeof familyOptions,
  instead: string,
): void {
  for (const option of familyOptions[other]) {
    const value = options[option];
    check(
      value === undefined,
      () => `${option} is ${value}, and ${name} has none; leave it out, or take ${instead}.`,
    );
  }
}

/** The published network with its coefficients multiplied. */
function scaledEfficientNet(
  name: string,
  scale: number | EfficientNetV2Name,
  variant: EfficientNetVariant,
  options: ModelOptions,
): EfficientNetArchitecture {
  const published = coefficients(scale, variant);
  const { width = 1, depth = 1, size = published.size } = options;
  const scaled = {
    width: published.width * width,
    depth: published.depth * depth,
    size,
    dropout: published.dropout,
  };
  const sizes = pickOptions<EfficientNetArchitectureOptions>(options, efficientNetArchitectureOptionNames);
  return { ...efficientNetArchitecture(scaled, { ...sizes, variant }), name };
}

/** Of `efficientnet-b` the number may be any scale, spelled as JavaScript prints it, so that a network has one name. */
function parseEfficientNet(name: string): {
  scale: number | EfficientNetV2Name;
  variant: EfficientNetVariant;
} {
  const v2 = efficientNetV2Names.find((each) => name === `efficientnet-${each}`);
  if (v2) return { scale: v2, variant: efficientNetArchitecture(v2).variant };
  const [, variant, text] = /^efficientnet-(b|lite)(-?[\d.]+)$/.exec(name) ?? [];
  const scale = Number(text);
  const isOnCurve = variant === 'b' && String(scale) === text && scale >= MIN_SCALE && scale <= MAX_SCALE;
  if (!isOnCurve && !(modelNames as readonly string[]).includes(name)) {
    throw new ArgumentError(
      `There is no model ${typeof name === 'string' ? quoted(name) : shown(name)}; the models are ${modelNames.join(', ')}, and ` +
        `efficientnet-b with any number from ${MIN_SCALE} to ${MAX_SCALE}, such as efficientnet-b2.26.`,
    );
  }
  return { scale, variant: variant === 'lite' ? 'lite' : 'standard' };
}
