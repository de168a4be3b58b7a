/** What values of JSON from others are, which may be anything. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is a finite number for each of three channels. */
export function isColor(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === 3 && value.every((x) => Number.isFinite(x));
}
