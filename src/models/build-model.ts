import { ArgumentError } from '../core/errors.js';
import type { ConventionName } from './conventions.js';
import { describeEfficientNet, efficientNetArchitecture, type ModelDescription } from '../scaling/index.js';
import { describeResNet } from './describe-resnet.js';
import { buildEfficientNet, type EfficientNetOptions } from './efficientnet.js';
import type { ImageClassifier } from './image-classifier.js';
import {
  buildResNet,
  resNetArchitecture,
  resNetDepths,
  type ResNetDepth,
  type ResNetOptions,
} from './resnet.js';

/** The name of a published network. */
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
};

/**
 * Builds the network of this name, as `buildResNet` and `buildEfficientNet` do; for programs that are told a name.
 * @throws ArgumentError where there is no network of this name.
 */
export function buildModel(name: string, options: ModelOptions = {}): ImageClassifier {
  const { family, number } = parse(name);
  if (family === 'resnet') return buildResNet(number as ResNetDepth, options as ResNetOptions);
  return buildEfficientNet(number, { ...options, variant: family });
}

/**
 * Counts the network of this name layer by layer without building it.
 * @param options - Of these, the classes, the head, the width of the input, and for the biases of ResNets the convention.
 * @throws ArgumentError where there is no network of this name.
 */
export function describeModel(name: string, options: ModelOptions = {}): ModelDescription {
  const { family, number } = parse(name);
  if (family !== 'resnet') {
    return describeEfficientNet(efficientNetArchitecture(number, { ...options, variant: family }));
  }
  const { convention, ...own } = options as ResNetOptions;
  return describeResNet(resNetArchitecture(number as ResNetDepth, own), { convention });
}

function parse(name: string): { family: 'resnet' | 'standard' | 'lite'; number: number } {
  if (!(modelNames as readonly string[]).includes(name)) {
    throw new ArgumentError(`There is no model '${name}'; the models are ${modelNames.join(', ')}.`);
  }
  const [, family, number] = /^(resnet|efficientnet-b|efficientnet-lite)(\d+)$/.exec(name)!;
  const families = { resnet: 'resnet', 'efficientnet-b': 'standard', 'efficientnet-lite': 'lite' } as const;
  return { family: families[family as keyof typeof families], number: Number(number) };
}
