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
    () => `${name} is ${value}; give an integer of at least ${least}.`,
  );
}

/** Throws unless `value` lies in [0, 1), as a rate of dropping does. */
export function checkRate(name: string, value: number): void {
  check(value >= 0 && value < 1, () => `${name} is ${value}; give a rate of at least 0 and below 1.`);
}

/** Throws unless `value` is one of `possible`. */
export function checkOneOf(name: string, value: string, possible: readonly string[]): void {
  check(possible.includes(value), () => `${name} is '${value}'; give one of '${possible.join("', '")}'.`);
}
