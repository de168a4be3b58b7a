/** What values of JSON from others are, which may be anything. */
export { isColor, isSide, isSpread, LARGEST_SIDE } from '../../models/preprocessing.js';

/** Whether it is an object, with values by name. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is the part of an image's side that a centre crop keeps. */
export function isCrop(value: unknown): value is number {
  return typeof value === 'number' && value >= 0.1 && value <= 1;
}

/** Whether it is a name for each class. */
export function isLabels(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((label) => typeof label === 'string' && label.trim() !== '')
  );
}
