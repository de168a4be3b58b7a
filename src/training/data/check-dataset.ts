import { check, shown } from '../../core/errors.js';
import type { Dataset } from './dataset.js';

/**
 * Throws where something else is given for a data set.
 * @param where - What takes the data, such as `evaluate`.
 * @param what - Which data they are.
 */
export function checkDataset(where: string, data: unknown, what = 'the data'): asserts data is Dataset {
  const given = (data ?? {}) as Partial<Dataset> & { then?: unknown };
  const { classes, labels, image, then } = given;
  check(
    typeof then !== 'function',
    () => `${where}: ${what} are a promise; give what it resolves to: await it.`,
  );
  check(
    Array.isArray(classes) && typeof labels?.length === 'number' && typeof image === 'function',
    () =>
      `${where}: ${what} are ${shown(data)}; give a data set, as folderDataset, tarDataset and arrayDataset make it.`,
  );
}

/** Whether it is a data set, rather than batches of tensors or a function that makes them. */
export function isDataset(data: unknown): data is Dataset {
  return typeof (data as Partial<Dataset> | null | undefined)?.image === 'function';
}

/** Throws unless there is a list of values, typed or not. */
export function checkList(name: string, value: ArrayLike<unknown>, expected: string): void {
  const isList = typeof value === 'object' && value !== null && Number.isInteger(value.length);
  check(isList, () => `${name} are ${shown(value)}; give ${expected}.`);
}
