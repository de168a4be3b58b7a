import {
  check,
  checkBoolean,
  checkFraction,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkPositive,
  type OptionNames,
} from '../core/errors.js';
import { coefficients, noScale, variantOfName } from './coefficients.js';
import { roundRepeats } from './compound.js';
import {
  efficientNetVariants,
  variants,
  type efficientNetActivations,
  type Coefficients,
  type EfficientNetStage,
  type EfficientNetV2Name,
  type EfficientNetVariant,
} from './efficientnet-tables.js';

/** Filters of the 1x1 convolution after the last stage, before scaling. */
const LAST_FILTERS = 1280;

/** All sizes of one EfficientNet; {@link efficientNetArchitecture} makes it. */
export interface EfficientNetArchitecture {
  readonly family: 'efficientnet';
  readonly name: string;
  readonly variant: EfficientNetVariant;
  /** The coefficient that its depth was scaled by. */
  readonly depth: number;
  /** Side of the images that it is meant for, in pixels. */
  readonly size: number;
  readonly dropout: number;
  readonly inputChannels: number;
  readonly stemFilters: number;
  readonly stages: readonly EfficientNetStage[];
  /** Filters of the 1x1 convolution after the last stage. */
  readonly lastFilters: number;
  readonly activation: (typeof efficientNetActivations)[number];
  /** Channels of a squeeze by channels of the block's input; 0 is without squeeze-excitation. */
  readonly squeezeRatio: number;
  /** Undefined without a head. */
  readonly classes: number | undefined;
}

/** Options of {@link efficientNetArchitecture}. */
export interface EfficientNetArchitectureOptions {
  /** Default `'standard'`. */
  readonly variant?: EfficientNetVariant;
  /** Default 1000. */
  readonly classes?: number;
  /** Default 3. */
  readonly inputChannels?: number;
  /** Whether the network ends with a dense head. Default true. */
  readonly includeTop?: boolean;
}

/** Every option of {@link efficientNetArchitecture}. */
export const efficientNetArchitectureOptionNames: OptionNames<EfficientNetArchitectureOptions> = {
  variant: true,
  classes: true,
  inputChannels: true,
  includeTop: true,
};

/**
 * The sizes of an EfficientNet.
 * @param scale - A point of the curve (see {@link coefficients}), for `variant: 'lite'` a whole number from 0 to 4; the name of
 * an EfficientNetV2, which says its variant; or your own coefficients.
 * @throws ArgumentError where the scale or an option is out of range.
 */
export function efficientNetArchitecture(
  scale: number | EfficientNetV2Name | Coefficients,
  options: EfficientNetArchitectureOptions = {},
): EfficientNetArchitecture {
  checkOptions('efficientNetArchitecture', options, efficientNetArchitectureOptionNames);
  const { classes = 1000, inputChannels = 3, includeTop = true } = options;
  const variant = variantOf(scale, options.variant);
  checkBoolean('includeTop', includeTop);
  checkInteger('classes', classes, 1);
  checkInteger('inputChannels', inputChannels, 1);
  const { width, depth, size, dropout } =
    typeof scale === 'object' ? checked(scale) : coefficients(scale, variant);
  const { activation, squeezeRatio, round, scalesEnds, stages } = variants[variant];
  const isEnd = (i: number) => i === 0 || i === stages.length - 1;
  const roundEnd = (filters: number) => (scalesEnds ? round(filters, width) : filters);
  const stemFilters = roundEnd(stages[0].inChannels);
  return {
    family: 'efficientnet',
    name: efficientNetName(scale, variant),
    variant,
    depth,
    size,
    dropout,
    inputChannels,
    stemFilters,
    stages: stages.map((stage, i) => ({
      ...stage,
      repeats: scalesEnds || !isEnd(i) ? roundRepeats(stage.repeats, depth) : stage.repeats,
      inChannels: i === 0 ? stemFilters : round(stage.inChannels, width),
      outChannels: round(stage.outChannels, width),
    })),
    lastFilters: roundEnd(LAST_FILTERS),
    activation,
    squeezeRatio,
    classes: includeTop ? classes : undefined,
  };
}

/** The variant that a name says, such as 'v2-b' for 'v2-b3', or the given one. */
function variantOf(scale: unknown, given: EfficientNetVariant | undefined): EfficientNetVariant {
  if (given !== undefined) checkOneOf('variant', given, efficientNetVariants);
  const named = variantOfName(scale);
  check(
    !named || given === undefined || given === named,
    () => `variant is '${given}', and '${scale as string}' is of the variant '${named}'; leave variant out.`,
  );
  return named ?? given ?? 'standard';
}

function efficientNetName(
  scale: number | EfficientNetV2Name | Coefficients,
  variant: EfficientNetVariant,
): string {
  const family = variant === 'standard' ? 'efficientnet' : `efficientnet-${variant}`;
  if (typeof scale === 'object') return family;
  if (typeof scale === 'string') return `efficientnet-${scale}`;
  return variant === 'lite' ? `${family}${scale}` : `${family}-b${scale}`;
}

function checked(scale: Coefficients): Coefficients {
  if (scale === null) throw noScale(scale);
  checkPositive('width', scale.width);
  checkPositive('depth', scale.depth);
  checkInteger('size', scale.size, 1);
  checkFraction('dropout', scale.dropout);
  return scale;
}
