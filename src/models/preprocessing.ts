import { check, checkOptions, shown, type OptionNames } from '../core/errors.js';

/** How pixels between pixels are found; as Pillow does, antialiased where an image gets smaller. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic';

/** Every {@link Interpolation}. */
export const interpolations: readonly Interpolation[] = ['nearest', 'bilinear', 'bicubic'];

/** How an image becomes a network's input: resize the short side, crop the centre, scale, normalise. */
export interface Preprocessing {
  /** Side of the square that the network sees, in pixels. */
  readonly size: number;
  /** Length that the image's short side is resized to before the centre crop, in pixels. */
  readonly resize: number;
  /** `'nearest'` takes one pixel of the image for each, without antialiasing. */
  readonly interpolation: Interpolation;
  /** The whole image becomes the square, its proportions lost; `resize` and the crop are left out. Default false. */
  readonly stretch?: boolean;
  /** Order of the channels in the input. */
  readonly channels: 'rgb' | 'bgr';
  /** Multiplies the values 0…255 first. */
  readonly scale: number;
  /** Subtracted after scaling, per channel in the order that `channels` gives. */
  readonly mean: readonly number[];
  /** Divides last, per channel in the order that `channels` gives. */
  readonly std: readonly number[];
}

/** How colours become a network's input. */
export type ColorPreprocessing = Pick<Preprocessing, 'channels' | 'scale' | 'mean' | 'std'>;

/**
 * The three manners of keras.applications' `preprocess_input`: `torch` is RGB / 255, normalised by ImageNet's statistics, as
 * torchvision, timm and EfficientNets take it; `caffe` is BGR less ImageNet's mean, not scaled, which Keras's ResNets
 * kept of the original ones; `tf` is RGB from -1 to 1.
 */
export const colorPreprocessing = {
  torch: { channels: 'rgb', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  caffe: { channels: 'bgr', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
  tf: { channels: 'rgb', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
} as const satisfies Record<string, ColorPreprocessing>;

/** The largest side of an image that a network may see, in pixels. */
export const LARGEST_SIDE = 2 ** 13;

/** Whether it is the side of an image that a network may see, in pixels. */
export function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_SIDE;
}

/** Whether it is a finite number for each of three channels. */
export function isColor(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === 3 && value.every((x) => Number.isFinite(x));
}

/** Whether it is a standard deviation for each of three channels, by which values can be divided. */
export function isSpread(value: unknown): value is readonly number[] {
  return isColor(value) && value.every((x) => x >= 1e-6);
}

/** What a part of a preprocessing may be, and that in words. */
type PossibleValues = readonly [isPossible: (value: unknown) => boolean, words: string];

const side: PossibleValues = [isSide, `a whole number of pixels from 1 to ${LARGEST_SIDE}`];

const possibleValues: { readonly [part in keyof Preprocessing]-?: PossibleValues } = {
  size: side,
  resize: side,
  interpolation: oneOf(...interpolations),
  stretch: [(value) => typeof value === 'boolean', 'true or false'],
  channels: oneOf('rgb', 'bgr'),
  scale: [(value) => Number.isFinite(value) && (value as number) > 0, 'a positive number, such as 1 / 255'],
  mean: [isColor, 'an array of three finite numbers'],
  std: [isSpread, 'an array of three finite numbers of at least 1e-6'],
};

function oneOf(...values: readonly string[]): PossibleValues {
  return [
    (value) => values.includes(value as string),
    `one of ${values.map((each) => `'${each}'`).join(', ')}`,
  ];
}

const partNames: OptionNames<Preprocessing> = {
  size: true,
  resize: true,
  interpolation: true,
  stretch: true,
  channels: true,
  scale: true,
  mean: true,
  std: true,
};

/** Every part of a preprocessing. */
export const preprocessingParts = Object.keys(partNames) as readonly (keyof Preprocessing)[];

/** The parts that say how colours become a network's input. */
export const colorParts = ['channels', 'scale', 'mean', 'std'] as const satisfies (keyof Preprocessing)[];

/** The parts that say what of an image becomes the square. */
export const squareParts = ['size', 'resize', 'interpolation'] as const satisfies (keyof Preprocessing)[];

/** The parts that a whole preprocessing has. */
export const neededParts = [...squareParts, ...colorParts] as const;

/** The first part that cannot be, or is needed and not there; undefined where there is none. */
export function impossiblePart(
  preprocessing: Partial<Preprocessing>,
  needed: readonly (keyof Preprocessing)[],
): keyof Preprocessing | undefined {
  return preprocessingParts.find((part) => {
    const value = preprocessing[part];
    return value === undefined ? needed.includes(part) : !possibleValues[part][0](value);
  });
}

/**
 * Throws unless it is a preprocessing.
 * @param needed - The parts that have to be there. Default all.
 */
export function checkPreprocessing(
  preprocessing: Partial<Preprocessing>,
  needed: readonly (keyof Preprocessing)[] = neededParts,
): void {
  checkOptions<Partial<Preprocessing>>('preprocessing', preprocessing, partNames);
  const part = impossiblePart(preprocessing, needed);
  check(part === undefined, () => {
    const value = preprocessing[part!];
    const given = Array.isArray(value) && value.length > 0 ? `[${value.join(', ')}]` : shown(value);
    return `preprocessing.${part} is ${given}; give ${possibleValues[part!][1]}.`;
  });
}

/**
 * A convention's preprocessing with what of it a caller gives.
 * @throws ArgumentError where a part is given that cannot be, or is not known.
 */
export function changedPreprocessing(
  usual: Preprocessing,
  given: Partial<Preprocessing> = {},
): Preprocessing {
  checkPreprocessing(given, []);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  const changed = { ...usual, ...(Object.fromEntries(entries) as Partial<Preprocessing>) };
  checkPreprocessing(changed);
  return { ...changed, mean: [...changed.mean], std: [...changed.std] };
}
