/** What values of JSON from others are, which may be anything. */

/** Whether it is an object, with values by name. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is a finite number for each of three channels. */
export function isColor(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === 3 && value.every((x) => Number.isFinite(x));
}

/** Whether it is a standard deviation for each of three channels, by which values can be divided. */
export function isSpread(value: unknown): value is readonly number[] {
  return isColor(value) && value.every((x) => x >= 1e-6);
}

/** The largest side of an image that a network may see, in pixels. */
export const LARGEST_SIDE = 2 ** 13;

/** Whether it is the side of an image that a network may see, in pixels. */
export function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_SIDE;
}

/** Whether it is the part of an image's side that a centre crop keeps. */
export function isCrop(value: unknown): value is number {
  return typeof value === 'number' && value >= 0.1 && value <= 1;
}

/** Whether it is a name for each class. */
export function isLabels(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((label) => typeof label === 'string');
}
