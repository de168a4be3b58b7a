import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkOptions,
  checkPositive,
  shown,
  type OptionNames,
} from '../core/errors.js';
import { compoundScale, roundFilters, roundRepeats } from './compound.js';

/** What one EfficientNet is scaled by. */
export interface Coefficients {
  /** Multiplies the channels. */
  readonly width: number;
  /** Multiplies the repeats of a stage. */
  readonly depth: number;
  /** Side of the images, in pixels. */
  readonly resolution: number;
  /** Rate of dropout before the head. */
  readonly dropout: number;
}

/** B0 to B7: width, depth, resolution, dropout (the reference implementation's `efficientnet_params`). */
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

function toCoefficients([width, depth, resolution, dropout]: number[]): Coefficients {
  return { width: width!, depth: depth!, resolution: resolution!, dropout: dropout! };
}

/** The largest scale: three steps of the law beyond B7, 6.5 times its multiply-adds. */
export const MAX_SCALE = 10;

/** The smallest scale: four steps of the law below B0, an eighth of its multiply-adds. */
export const MIN_SCALE = -4;

/** The largest EfficientNet-Lite. */
export const MAX_LITE_SCALE = publishedLite.length - 1;

/** Resolutions between the published ones, all multiples of 4 themselves, are multiples of this. */
const RESOLUTION_STEP = 4;

/**
 * The coefficients at a point of the curve of published networks: 0 to 7 give B0 to B7 exactly. Between two of them
 * width, depth and resolution (rounded to a multiple of 4) are interpolated geometrically and dropout linearly. Beyond
 * 7 and below 0 they follow the compound law (equation 3) from the last published network, dropout staying.
 * EfficientNet-Lite has the published networks only.
 * @param x - From -4 to 10; of `'lite'` 0, 1, 2, 3 or 4.
 * @param variant - Default `'standard'`.
 * @throws ArgumentError where there is no such network.
 */
export function coefficients(x: number, variant: EfficientNetVariant = 'standard'): Coefficients {
  checkVariant(variant);
  if (typeof x !== 'number') throw noScale(x);
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
        'or { width, depth, resolution, dropout }.',
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
      resolution: roundResolution(from.resolution * multipliers.resolution),
      dropout: from.dropout,
    };
  }
  const to = published[below + 1]!;
  const t = x - below;
  const between = (a: number, b: number) => a ** (1 - t) * b ** t;
  return {
    width: between(from.width, to.width),
    depth: between(from.depth, to.depth),
    resolution: roundResolution(between(from.resolution, to.resolution)),
    dropout: from.dropout * (1 - t) + to.dropout * t,
  };
}

function roundResolution(resolution: number): number {
  return Math.round(resolution / RESOLUTION_STEP) * RESOLUTION_STEP;
}

/** One stage: MBConv blocks of one kernel size and width, the first of them strided. */
export interface EfficientNetStage {
  readonly repeats: number;
  readonly kernelSize: number;
  /** Of the first block; the others have 1. */
  readonly stride: number;
  /** Channels of the depthwise convolution by channels of the block's input. */
  readonly expandRatio: number;
  /** Of the first block; the others have `outChannels`. */
  readonly inChannels: number;
  readonly outChannels: number;
}

/** B0's stages (Tan and Le 2019, table 1): repeats, kernel, stride, expand ratio, channels in and out. */
const b0Stages: readonly EfficientNetStage[] = [
  [1, 3, 1, 1, 32, 16],
  [2, 3, 2, 6, 16, 24],
  [2, 5, 2, 6, 24, 40],
  [3, 3, 2, 6, 40, 80],
  [3, 5, 1, 6, 80, 112],
  [4, 5, 2, 6, 112, 192],
  [1, 3, 1, 6, 192, 320],
].map(([repeats, kernelSize, stride, expandRatio, inChannels, outChannels]) => ({
  repeats: repeats!,
  kernelSize: kernelSize!,
  stride: stride!,
  expandRatio: expandRatio!,
  inChannels: inChannels!,
  outChannels: outChannels!,
}));

const B0_STEM_FILTERS = 32;
const B0_LAST_FILTERS = 1280;

/** All sizes of one EfficientNet; {@link efficientNetArchitecture} makes it. */
export interface EfficientNetArchitecture {
  readonly family: 'efficientnet';
  readonly name: string;
  readonly variant: EfficientNetVariant;
  /** The coefficient that its depth was scaled by. */
  readonly depth: number;
  /** Side of the images that it is meant for, in pixels. */
  readonly resolution: number;
  readonly dropout: number;
  readonly inputChannels: number;
  readonly stemFilters: number;
  readonly stages: readonly EfficientNetStage[];
  /** Filters of the 1x1 convolution after the last stage. */
  readonly lastFilters: number;
  readonly activation: 'swish' | 'relu6';
  /** Channels of a squeeze by channels of the block's input; 0 is without squeeze-excitation. */
  readonly squeezeRatio: number;
  /** Undefined without a head. */
  readonly classes: number | undefined;
}

/**
 * `'lite'`: EfficientNet-Lite, for small devices: ReLU6, no squeeze-excitation, stem and head not scaled, first and last
 * stage not repeated.
 */
export type EfficientNetVariant = 'standard' | 'lite';

function checkVariant(variant: string): void {
  if (variant !== 'standard' && variant !== 'lite') {
    throw new ArgumentError(`variant is '${variant}'; give 'standard' or 'lite'.`);
  }
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
 * @param scale - A point of the curve (see {@link coefficients}), for `variant: 'lite'` a whole number from 0 to 4; or
 * coefficients of your own.
 * @throws ArgumentError where the scale or an option is out of range.
 */
export function efficientNetArchitecture(
  scale: number | Coefficients,
  options: EfficientNetArchitectureOptions = {},
): EfficientNetArchitecture {
  checkOptions('efficientNetArchitecture', options, efficientNetArchitectureOptionNames);
  const { variant = 'standard', classes = 1000, inputChannels = 3, includeTop = true } = options;
  checkVariant(variant);
  checkBoolean('includeTop', includeTop);
  checkInteger('classes', classes, 1);
  checkInteger('inputChannels', inputChannels, 1);
  const lite = variant === 'lite';
  const { width, depth, resolution, dropout } =
    typeof scale === 'number' ? coefficients(scale, variant) : checked(scale);
  const firstAndLast = [0, b0Stages.length - 1];
  return {
    family: 'efficientnet',
    name: `efficientnet${lite ? '-lite' : ''}${typeof scale === 'number' ? `${lite ? '' : '-b'}${scale}` : ''}`,
    variant,
    depth,
    resolution,
    dropout,
    inputChannels,
    stemFilters: lite ? B0_STEM_FILTERS : roundFilters(B0_STEM_FILTERS, width),
    stages: b0Stages.map((stage, i) => ({
      ...stage,
      repeats: lite && firstAndLast.includes(i) ? stage.repeats : roundRepeats(stage.repeats, depth),
      inChannels: lite && i === 0 ? stage.inChannels : roundFilters(stage.inChannels, width),
      outChannels: roundFilters(stage.outChannels, width),
    })),
    lastFilters: lite ? B0_LAST_FILTERS : roundFilters(B0_LAST_FILTERS, width),
    activation: lite ? 'relu6' : 'swish',
    squeezeRatio: lite ? 0 : 0.25,
    classes: includeTop ? classes : undefined,
  };
}

/** What to give for a scale that is neither a number nor coefficients, such as the string 'b0'. */
function noScale(scale: unknown): ArgumentError {
  const [, lite, number] = /^(?:efficientnet-)?(?:b|(lite))?(-?\d+(?:\.\d+)?)$/i.exec(String(scale)) ?? [];
  const advice = number
    ? `the number ${number}${lite ? " and { variant: 'lite' }" : ''}`
    : "0 to 7 for B0 to B7, 0 to 4 and { variant: 'lite' } for Lite0 to Lite4, or { width, depth, resolution, dropout }";
  return new ArgumentError(`The scale of the EfficientNet is ${shown(scale)}; give ${advice}.`);
}

function checked(scale: Coefficients): Coefficients {
  if (typeof scale !== 'object' || scale === null) throw noScale(scale);
  checkPositive('width', scale.width);
  checkPositive('depth', scale.depth);
  checkInteger('resolution', scale.resolution, 1);
  if (!(scale.dropout >= 0 && scale.dropout < 1)) {
    throw new ArgumentError(`dropout is ${scale.dropout}; give a number of at least 0 and below 1.`);
  }
  return scale;
}
