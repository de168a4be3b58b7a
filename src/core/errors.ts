import { nearestName } from './nearest-name.js';

/** An argument that a function cannot work with; the message names the value, what was expected, what to do. */
export class ArgumentError extends Error {
  override name = 'ArgumentError';
}

/**
 * Throws an {@link ArgumentError} unless `condition` holds.
 * @param message - What was received, what was expected, and what to do.
 */
export function check(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new ArgumentError(message());
}

/** Throws unless `value` is a whole number of at least `least`. */
export function checkInteger(name: string, value: number, least: number): void {
  check(
    Number.isInteger(value) && value >= least,
    () => `${name} is ${shown(value)}; give an integer of at least ${least}.`,
  );
}

/** Throws unless `value` is a positive finite number. */
export function checkPositive(name: string, value: number): void {
  check(
    Number.isFinite(value) && value > 0,
    () => `${name} is ${shown(value)}; give a positive finite number.`,
  );
}

/** Throws unless `value` is a finite number of at least 0. */
export function checkAtLeastZero(name: string, value: number): void {
  check(
    typeof value === 'number' && value >= 0 && value < Infinity,
    () => `${name} is ${shown(value)}; give a number of at least 0.`,
  );
}

/** Throws unless `value` is at least 0 and below 1, as rates of dropping and factors of moving averages are. */
export function checkFraction(name: string, value: number): void {
  check(
    typeof value === 'number' && value >= 0 && value < 1,
    () => `${name} is ${shown(value)}; give a number of at least 0 and below 1.`,
  );
}

/** Throws unless `value` is true or false. */
export function checkBoolean(name: string, value: boolean): void {
  check(typeof value === 'boolean', () => `${name} is ${shown(value)}; give true or false.`);
}

/** Throws unless `value` is one of `possible`. */
export function checkOneOf(
  name: string,
  value: string | number,
  possible: readonly (string | number)[],
): void {
  check(possible.includes(value), () => {
    const likeIt = possible.find((each) => String(each) === String(value));
    const advice =
      likeIt === undefined
        ? `one of ${possible.map(quoted).join(', ')}`
        : `the ${typeof likeIt} ${quoted(likeIt)}`;
    const isOfKind = typeof value === 'string' && possible.every((each) => typeof each === 'string');
    return `${name} is ${isOfKind ? quoted(value) : shown(value)}; give ${advice}.`;
  });
}

/**
 * Throws where something else is given for a model that predicts.
 * @param where - What takes the model, such as `classify`.
 */
export function checkModel(where: string, model: unknown): void {
  checkMethods(where, model, ['predict']);
}

/**
 * Throws where something else is given for a module.
 * @param where - What takes the module, such as `train`.
 */
export function checkModule(where: string, module: unknown): void {
  checkMethods(where, module, ['forward', 'namedVariables']);
}

function checkMethods(where: string, model: unknown, methods: readonly string[]): void {
  const given = model as Record<string, unknown> | null | undefined;
  check(
    methods.every((method) => typeof given?.[method] === 'function'),
    () =>
      `${where}: the model is ${shown(model)}; give a Module, such as buildResNet makes, or one of your class.`,
  );
}

/** The names of all options of a type. A record, so that TypeScript finds one that is missing. */
export type OptionNames<Options> = { readonly [name in keyof Options]-?: true };

/**
 * Throws where `options` is no object, or has an option that is not known.
 * @param where - What takes the options, such as `buildResNet`.
 * @param known - Every option that it takes.
 */
export function checkOptions<Options extends object>(
  where: string,
  options: Options,
  known: OptionNames<NoInfer<Options>>,
): void {
  const names = Object.keys(known);
  check(
    typeof options === 'object' && options !== null && !Array.isArray(options),
    () =>
      `${where}: the options are ${shown(options)}; ` +
      (names.length === 0 ? 'leave them out.' : `give an object, such as { ${names[0]}: … }.`),
  );
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  check(unknown === undefined, () => {
    if (names.length === 0) return `${where} has no option ${unknown}, and no other.`;
    const meant = nearestName(unknown!, names);
    return `${where} has no option ${unknown}; ${meant ? `did you mean ${meant}?` : `it has ${names.join(', ')}.`}`;
  });
}

/** Of these options, those of another type. */
export function pickOptions<Options extends object>(options: Options, known: OptionNames<Options>): Options {
  const picked = Object.entries(options).filter(([name]) => Object.hasOwn(known, name));
  return Object.fromEntries(picked) as Options;
}

/** A value as a message shows it, with its kind where that may be what is wrong. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  if (typeof value === 'bigint') return `the BigInt ${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise (await it)';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  const kind = value.constructor?.name;
  return !kind || kind === 'Object' ? 'an object' : `an object (${kind})`;
}

/** A string in quotes, a long one cut; a number as it is. */
export function quoted(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return value.length > 100 ? `'${value.slice(0, 100)}…'` : `'${value}'`;
}
