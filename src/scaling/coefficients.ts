import { ArgumentError, check, checkOneOf, quoted, shown } from '../core/errors.js';
import { compoundScale } from './compound.js';
import {
  efficientNetV2Names,
  efficientNetVariants,
  variants,
  type Coefficients,
  type EfficientNetV2Name,
  type EfficientNetVariant,
} from './efficientnet-tables.js';

const published: readonly Coefficients[] = Object.values(variants.standard.networks);
const publishedLite: readonly Coefficients[] = Object.values(variants.lite.networks);

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
 * 7 and below 0 they follow the compound law (equation 3) from the last published network, and dropout stays.
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
  const named = variantOfName(x);
  if (named) return (variants[named].networks as Record<string, Coefficients>)[x]!;
  if (typeof x !== 'number') throw noScale(x);
  if (variant === 'standard') return pointOfCurve(x);
  check(
    variant === 'lite',
    () => `EfficientNetV2 has no scale ${x}; give one of ${efficientNetV2Names.map(quoted).join(', ')}.`,
  );
  const lite = publishedLite[x];
  check(
    lite !== undefined,
    () => `There is no EfficientNet-Lite ${x}; give 0, 1, 2, 3 or 4, or coefficients.`,
  );
  return lite;
}

function pointOfCurve(x: number): Coefficients {
  check(
    x >= MIN_SCALE && x <= MAX_SCALE,
    () =>
      `There is no EfficientNet at ${x}: give a number from ${MIN_SCALE} to ${MAX_SCALE} (0 to 7 are B0 to B7), ` +
      'or { width, depth, size, dropout }.',
  );
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

/** The variant of EfficientNetV2 that has this network, such as 'v2-b' of 'v2-b3'; undefined where none has it. */
export function variantOfName(scale: unknown): EfficientNetVariant | undefined {
  if (!(efficientNetV2Names as readonly unknown[]).includes(scale)) return undefined;
  return efficientNetVariants.find((variant) => Object.hasOwn(variants[variant].networks, scale as string));
}

/** What to give for a scale that is neither a number nor coefficients, such as the string 'b0'. */
export function noScale(scale: unknown): ArgumentError {
  const text = String(scale);
  const v2 = efficientNetV2Names.find((name) => text.replace(/^efficientnet-?/, '') === name);
  const [, lite, number] = /^(?:efficientnet-)?(?:b|(lite))?(-?\d+(?:\.\d+)?)$/i.exec(text) ?? [];
  const all =
    "0 to 7 for B0 to B7, 0 to 4 and { variant: 'lite' } for Lite0 to Lite4, or { width, depth, size, dropout }, or " +
    `one of ${efficientNetV2Names.map(quoted).join(', ')}`;
  const ofNumber = number && `the number ${number}${lite ? " and { variant: 'lite' }" : ''}`;
  return new ArgumentError(
    `The scale of the EfficientNet is ${shown(scale)}; give ${v2 ? quoted(v2) : (ofNumber ?? all)}.`,
  );
}
