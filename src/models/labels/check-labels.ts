import { check } from '../../core/errors.js';

/** Throws unless there is a name for each of the classes. */
export function checkLabels(labels: readonly string[], classes: number | undefined): void {
  check(
    Array.isArray(labels) && labels.every((label) => typeof label === 'string'),
    () => `The labels are ${JSON.stringify(labels)}; give a list of names.`,
  );
  check(
    labels.length === classes,
    () => `There are ${labels.length} labels for a model of ${classes ?? 'no'} classes; give as many.`,
  );
}
