import { InvalidArgumentError } from 'commander';
import { isSide, LARGEST_SIDE } from '../models/preprocessing.js';

/** Reads a number of which `isWanted` holds. */
function numeric(what: string, isWanted: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !isWanted(value))
      throw new InvalidArgumentError(`Give ${what}.`);
    return value;
  };
}

export const integer = numeric('a whole number', Number.isSafeInteger);
export const positiveInteger = numeric(
  'a positive whole number',
  (value) => Number.isSafeInteger(value) && value > 0,
);
export const wholeNumber = numeric(
  'a whole number of at least 0',
  (value) => Number.isSafeInteger(value) && value >= 0,
);
/** The side of an image in pixels. */
export const side = numeric(`a whole number of pixels from 1 to ${LARGEST_SIDE}`, isSide);
export const number = numeric('a number', () => true);
export const positiveNumber = numeric('a positive number', (value) => value > 0);
export const atLeastZero = numeric('a number of at least 0', (value) => value >= 0);
export const belowOne = numeric('a number of at least 0 and below 1', (value) => value >= 0 && value < 1);

/** Reads a positive share such as 0.03 or 8/255. */
export function share(text: string): number {
  const [, above, below = '1'] = /^([\d.e-]+)(?:\/([\d.e-]+))?$/.exec(text) ?? [];
  const value = Number(above) / Number(below);
  if (!(value > 0 && value <= 1))
    throw new InvalidArgumentError('Give a number above 0 and at most 1, such as 0.03 or 8/255.');
  return value;
}

const multiples: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Reads an amount such as 5000000, 5M or 2.5G; the letters are powers of a thousand. */
export function amount(text: string): number {
  const match = /^(\d+(?:\.\d+)?(?:e\d+)?)([kMGT]?)$/.exec(text);
  if (!match || Number(match[1]) === 0)
    throw new InvalidArgumentError('Give an amount such as 5000000, 5M or 2.5G.');
  return Number(match[1]) * multiples[match[2]!]!;
}

/** Reads an argument that is one of these names. */
export function oneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`Give one of ${names.join(', ')}.`);
    return found;
  };
}

/** Reads an argument that lists such names, or is `none`. */
export function listOf<Name extends string>(names: readonly Name[]): (text: string) => Name[] {
  return (text) => (text === 'none' ? [] : text.split(',').map(oneOf(names)));
}

/** Reads what `--classes` says, such as `cat=tabby,dog=beagle`: by the name of a class in the data, the network's name or number. */
export function classMapping(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^([^=]+)=(.+)$/.exec(pair));
  if (pairs.includes(null))
    throw new InvalidArgumentError(
      'Give pairs such as cat=tabby,dog=beagle: a class of the data = one of the network.',
    );
  const entries = pairs.map((pair) => [pair![1]!.trim(), pair![2]!.trim()] as const);
  const twice = entries.find(([name], i) => entries.findIndex(([other]) => other === name) < i);
  if (twice) throw new InvalidArgumentError(`It maps ${twice[0]} twice; give each class of the data once.`);
  return Object.fromEntries(entries);
}

/**
 * The path of the data, which is an argument, and in older commands the option `--data`.
 * @throws Error where it is given twice, or not at all.
 */
export function dataArgument(
  positional: string | undefined,
  option: string | undefined,
  command: string,
): string {
  if (positional !== undefined && option !== undefined) {
    throw new Error(`The data are given twice, as ${positional} and by --data ${option}; give them once.`);
  }
  const path = positional ?? option;
  if (path !== undefined) return path;
  throw new Error(
    `No data are given; name a folder with one folder of images a class: skipscale ${command} photos/`,
  );
}
