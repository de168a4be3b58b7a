import { counted } from '../core/counted.js';
import { check } from '../core/errors.js';

/**
 * Throws where a model gives another number of values than it had classes when the work with it began.
 * @param where - What the model works for, such as `classify`.
 * @param given - Values an image.
 */
export function checkHeadKept(where: string, classes: number, given: number): void {
  check(
    given === classes,
    () =>
      `The model had ${counted(classes, 'class', 'classes')} when ${where} began, and now gives ` +
      `${counted(given, 'value')} an image: its head was changed meanwhile. Change it after.`,
  );
}
