import {
  ArgumentError,
  check,
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkPositive,
  quoted,
  shown,
  type OptionNames,
} from '../core/errors.js';
import { compoundScale, roundFilters, roundRepeats, roundToEights } from './compound.js';

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

/** B0 to B7: width, depth, size, dropout (the reference implementation's `efficientnet_params`). */
const published: readonly Coefficients[] = [
  [1.0, 1.0, 224, 0.2],
  [1.0, 1.1, 240, 0.2],
  [1.1, 1.2, 260, 0.3],
  [1.2, 1.4, 300, 0.3],
  [1.4, 1.8, 380, 0.4],
  [1.6, 2.2, 456, 0.4],
  [1.8, 2.6, 528, 0.5],
  [2.0, 3.1, 600, 0.5],
].map(toCoefficients);

/** Lite 0 to 4 (the reference implementation's `efficientnet_lite_params`). */
const publishedLite: readonly Coefficients[] = [
  [1.0, 1.0, 224, 0.2],
  [1.0, 1.1, 240, 0.2],
  [1.1, 1.2, 260, 0.3],
  [1.2, 1.4, 280, 0.3],
  [1.4, 1.8, 300, 0.3],
].map(toCoefficients);

/** EfficientNetV2 (Tan and Le 2021, arXiv 2104.00298): B0 to B3 scale one table, and S, M and L have one each. */
const publishedV2 = {
  'v2-b0': toCoefficients([1.0, 1.0, 224, 0.2]),
  'v2-b1': toCoefficients([1.0, 1.1, 240, 0.2]),
  'v2-b2': toCoefficients([1.1, 1.2, 260, 0.3]),
  'v2-b3': toCoefficients([1.2, 1.4, 300, 0.3]),
  'v2-s': toCoefficients([1.0, 1.0, 384, 0.2]),
  'v2-m': toCoefficients([1.0, 1.0, 480, 0.3]),
  'v2-l': toCoefficients([1.0, 1.0, 480, 0.4]),
} as const;

/** The name of a published EfficientNetV2. */
export type EfficientNetV2Name = keyof typeof publishedV2;

/** Every {@link EfficientNetV2Name}. */
export const efficientNetV2Names = Object.keys(publishedV2) as readonly EfficientNetV2Name[];

function isV2Name(scale: unknown): scale is EfficientNetV2Name {
  return (efficientNetV2Names as readonly unknown[]).includes(scale);
}

function toCoefficients([width, depth, size, dropout]: number[]): Coefficients {
  return { width: width!, depth: depth!, size: size!, dropout: dropout! };
}

/** The largest scale: three steps of the law beyond B7, 6.5 times its multiply-adds. */
export const MAX_SCALE = 10;

/** The smallest scale: four steps of the law below B0, an eighth of its multiply-adds. */
export const MIN_SCALE = -4;

/** The largest EfficientNet-Lite. */
export const MAX_LITE_SCALE = publishedLite.length - 1;

/** Sizes between the published ones, all multiples of 4 themselves, are multiples of this. */
const SIZE_STEP = 4;

/**
 * The coefficients at a point of the curve of published networks: 0 to 7 give B0 to B7 exactly. Between two of them
 * width, depth and size (rounded to a multiple of 4) are interpolated geometrically and dropout linearly. Beyond
 * 7 and below 0 they follow the compound law (equation 3) from the last published network, dropout staying.
 * EfficientNet-Lite and EfficientNetV2 have the published networks only.
 * @param x - From -4 to 10; of `'lite'` 0, 1, 2, 3 or 4; or the name of an EfficientNetV2.
 * @param variant - Of a number. Default `'standard'`.
 * @throws ArgumentError where there is no such network.
 */
export function coefficients(
  x: number | EfficientNetV2Name,
  variant: EfficientNetVariant = 'standard',
): Coefficients {
  checkOneOf('variant', variant, efficientNetVariants);
  if (isV2Name(x)) return publishedV2[x];
  if (typeof x !== 'number') throw noScale(x);
  check(
    !isV2(variant),
    () => `EfficientNetV2 has no scale ${x}; give one of ${efficientNetV2Names.map(quoted).join(', ')}.`,
  );
  return variant === 'lite' ? liteCoefficients(x) : standardCoefficients(x);
}

function liteCoefficients(x: number): Coefficients {
  const found = publishedLite[x];
  if (!found) {
    throw new ArgumentError(`There is no EfficientNet-Lite ${x}; give 0, 1, 2, 3 or 4, or coefficients.`);
  }
  return found;
}

function standardCoefficients(x: number): Coefficients {
  if (!(x >= MIN_SCALE && x <= MAX_SCALE)) {
    throw new ArgumentError(
      `There is no EfficientNet at ${x}: give a number from ${MIN_SCALE} to ${MAX_SCALE} (0 to 7 are B0 to B7), ` +
        'or { width, depth, size, dropout }.',
    );
  }
  const last = published.length - 1;
  const below = Math.min(Math.max(Math.floor(x), 0), last);
  const from = published[below]!;
  if (x === below) return from;
  if (x < 0 || x > last) {
    const multipliers = compoundScale(x - below);
    return {
      width: from.width * multipliers.width,
      depth: from.depth * multipliers.depth,
      size: roundSize(from.size * multipliers.size),
      dropout: from.dropout,
    };
  }
  const to = published[below + 1]!;
  const t = x - below;
  const between = (a: number, b: number) => a ** (1 - t) * b ** t;
  return {
    width: between(from.width, to.width),
    depth: between(from.depth, to.depth),
    size: roundSize(between(from.size, to.size)),
    dropout: from.dropout * (1 - t) + to.dropout * t,
  };
}

function roundSize(size: number): number {
  return Math.round(size / SIZE_STEP) * SIZE_STEP;
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

/** The stages of a network before scaling: repeats, kernel, stride, expand ratio, channels in and out. */
const tables = {
  /** B0 (Tan and Le 2019, table 1). */
  v1: table(0, [
    [1, 3, 1, 1, 32, 16],
    [2, 3, 2, 6, 16, 24],
    [2, 5, 2, 6, 24, 40],
    [3, 3, 2, 6, 40, 80],
    [3, 5, 1, 6, 80, 112],
    [4, 5, 2, 6, 112, 192],
    [1, 3, 1, 6, 192, 320],
  ]),
  'v2-b': table(3, [
    [1, 3, 1, 1, 32, 16],
    [2, 3, 2, 4, 16, 32],
    [2, 3, 2, 4, 32, 48],
    [3, 3, 2, 4, 48, 96],
    [5, 3, 1, 6, 96, 112],
    [8, 3, 2, 6, 112, 192],
  ]),
  'v2-s': table(3, [
    [2, 3, 1, 1, 24, 24],
    [4, 3, 2, 4, 24, 48],
    [4, 3, 2, 4, 48, 64],
    [6, 3, 2, 4, 64, 128],
    [9, 3, 1, 6, 128, 160],
    [15, 3, 2, 6, 160, 256],
  ]),
  'v2-m': table(3, [
    [3, 3, 1, 1, 24, 24],
    [5, 3, 2, 4, 24, 48],
    [5, 3, 2, 4, 48, 80],
    [7, 3, 2, 4, 80, 160],
    [14, 3, 1, 6, 160, 176],
    [18, 3, 2, 6, 176, 304],
    [5, 3, 1, 6, 304, 512],
  ]),
  'v2-l': table(3, [
    [4, 3, 1, 1, 32, 32],
    [7, 3, 2, 4, 32, 64],
    [7, 3, 2, 4, 64, 96],
    [10, 3, 2, 4, 96, 192],
    [19, 3, 1, 6, 192, 224],
    [25, 3, 2, 6, 224, 384],
    [7, 3, 1, 6, 384, 640],
  ]),
} as const;

type Row = [
  repeats: number,
  kernelSize: number,
  stride: number,
  expandRatio: number,
  inChannels: number,
  outChannels: number,
];

/** The first `fused` rows are of FusedMBConv. */
function table(fused: number, rows: readonly Row[]): readonly EfficientNetStage[] {
  return rows.map(([repeats, kernelSize, stride, expandRatio, inChannels, outChannels], i) => {
    return { repeats, kernelSize, stride, expandRatio, inChannels, outChannels, fused: i < fused };
  });
}

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

/**
 * `'lite'`: EfficientNet-Lite, for small devices: ReLU6, no squeeze-excitation, stem and head not scaled, first and last
 * stage not repeated. `'v2-b'`, `'v2-s'`, `'v2-m'` and `'v2-l'`: the tables of EfficientNetV2.
 */
export type EfficientNetVariant = (typeof efficientNetVariants)[number];

/** Every {@link EfficientNetVariant}. */
export const efficientNetVariants = ['standard', 'lite', 'v2-b', 'v2-s', 'v2-m', 'v2-l'] as const;

/** The activations of EfficientNets. */
export const efficientNetActivations = ['swish', 'relu6'] as const;

function isV2(variant: EfficientNetVariant): variant is 'v2-b' | 'v2-s' | 'v2-m' | 'v2-l' {
  return variant.startsWith('v2-');
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
  const lite = variant === 'lite';
  const { width, depth, size, dropout } =
    typeof scale === 'object' ? checked(scale) : coefficients(scale, variant);
  const base = tables[isV2(variant) ? variant : 'v1'];
  const firstAndLast = [0, base.length - 1];
  const round = isV2(variant)
    ? (filters: number) => roundToEights(filters * width)
    : (filters: number) => roundFilters(filters, width);
  return {
    family: 'efficientnet',
    name: efficientNetName(scale, variant),
    variant,
    depth,
    size,
    dropout,
    inputChannels,
    stemFilters: lite ? base[0]!.inChannels : round(base[0]!.inChannels),
    stages: base.map((stage, i) => ({
      ...stage,
      repeats: lite && firstAndLast.includes(i) ? stage.repeats : roundRepeats(stage.repeats, depth),
      inChannels: lite && i === 0 ? stage.inChannels : round(stage.inChannels),
      outChannels: round(stage.outChannels),
    })),
    lastFilters: lite ? LAST_FILTERS : round(LAST_FILTERS),
    activation: lite ? 'relu6' : 'swish',
    squeezeRatio: lite ? 0 : 0.25,
    classes: includeTop ? classes : undefined,
  };
}

/** The variant that a name says, such as 'v2-b' for 'v2-b3', or the given one. */
function variantOf(
  scale: number | EfficientNetV2Name | Coefficients,
  given: EfficientNetVariant | undefined,
): EfficientNetVariant {
  if (given !== undefined) checkOneOf('variant', given, efficientNetVariants);
  if (!isV2Name(scale)) return given ?? 'standard';
  const named = scale.replace(/\d$/, '') as EfficientNetVariant;
  check(
    given === undefined || given === named,
    () => `variant is '${given}', and '${scale}' is of the variant '${named}'; leave variant out.`,
  );
  return named;
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

/** What to give for a scale that is neither a number nor coefficients, such as the string 'b0'. */
function noScale(scale: unknown): ArgumentError {
  const v2 = /^efficientnet-?(v2-.*)$/.exec(String(scale))?.[1];
  if (isV2Name(v2))
    return new ArgumentError(`The scale of the EfficientNet is ${shown(scale)}; give '${v2}'.`);
  const [, lite, number] = /^(?:efficientnet-)?(?:b|(lite))?(-?\d+(?:\.\d+)?)$/i.exec(String(scale)) ?? [];
  const advice = number
    ? `the number ${number}${lite ? " and { variant: 'lite' }" : ''}`
    : "0 to 7 for B0 to B7, 0 to 4 and { variant: 'lite' } for Lite0 to Lite4, or { width, depth, size, dropout }, or " +
      `one of ${efficientNetV2Names.map(quoted).join(', ')}`;
  return new ArgumentError(`The scale of the EfficientNet is ${shown(scale)}; give ${advice}.`);
}

function checked(scale: Coefficients): Coefficients {
  if (typeof scale !== 'object' || scale === null) throw noScale(scale);
  checkPositive('width', scale.width);
  checkPositive('depth', scale.depth);
  checkInteger('size', scale.size, 1);
  if (!(scale.dropout >= 0 && scale.dropout < 1)) {
    throw new ArgumentError(`dropout is ${scale.dropout}; give a number of at least 0 and below 1.`);
  }
  return scale;
}
