import { check, shown } from '../../core/errors.js';
import { listed } from '../../core/listed.js';
import type { Dataset } from './dataset.js';

/**
 * Throws unless the names of classes are an array of strings.
 * @param where - What takes them, such as `arrayDataset`.
 */
export function checkClassNames(where: string, classes: unknown): void {
  const advice = "give an array of the name of each class, such as ['cat', 'dog']";
  check(classes !== undefined, () => `${where}: the names of the classes are missing; ${advice}.`);
  check(Array.isArray(classes), () => `${where}: the names of the classes are ${shown(classes)}; ${advice}.`);
  const other = classes.findIndex((name) => typeof name !== 'string');
  check(other < 0, () => `${where}: the name of class ${other} is ${shown(classes[other])}; ${advice}.`);
}

/** Throws unless there are at least two classes. */
export function checkSeveralClasses(classes: number): void {
  check(
    classes > 1,
    () =>
      `The data has ${classes} class${classes === 1 ? '' : 'es'}; give at least 2, since with one there is nothing to tell apart. ` +
      'Of a folder of images, each class is a separate folder.',
  );
}

/**
 * Throws unless there are at least two classes with at least `least` images each.
 * @param why - What so many are for.
 */
export function checkImagesOfClasses({ classes, labels }: Dataset, least: number, why: string): void {
  checkSeveralClasses(classes.length);
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels) counts[label]!++;
  const few = classes.flatMap((name, label) => (counts[label]! < least ? [`${name} ${counts[label]}`] : []));
  check(
    few.length === 0,
    () =>
      `There are too few images of these classes: ${listed(few)}. Give at least ${least} of each, ${why}.`,
  );
}

/**
 * Throws unless labels are places in `classes`.
 * @param name - What has the labels, for the error.
 */
export function checkPlaces(labels: ArrayLike<number>, classes: readonly string[], name?: string): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    check(
      Number.isInteger(label) && label >= 0 && label < classes.length,
      () =>
        `A label is ${label}${name === undefined ? '' : ` in ${name}`}, and there are ${classes.length} classes; give labels from ` +
        '0 on.',
    );
  }
}
