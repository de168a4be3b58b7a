import { check, shown } from '../../core/errors.js';
import { counted } from '../../core/counted.js';

/** Throws unless there is a name for each of the classes. Two classes may have one name, as some of ImageNet do. */
export function checkLabels(labels: readonly string[], classes: number | undefined): void {
  check(Array.isArray(labels), () => `The labels are ${shown(labels)}; give an array of names.`);
  // Unlike `every`, an iterator does not skip holes.
  const nameless = [...labels].findIndex((label) => typeof label !== 'string' || label.trim() === '');
  check(
    nameless === -1,
    () => `labels[${nameless}] is ${shown(labels[nameless])}; give a name for each class.`,
  );
  check(labels.length === classes, () => {
    const are = labels.length === 1 ? 'is' : 'are';
    const of = classes === undefined ? 'without head' : `of ${counted(classes, 'class', 'classes')}`;
    return `There ${are} ${counted(labels.length, 'label')} for a model ${of}; give as many.`;
  });
}

/**
 * Throws where labels are the model's in another order: only the weights say which class a logit is of.
 * @param known - The labels that the model's weights have; undefined where they say nothing.
 */
export function checkOrder(labels: readonly string[], known: readonly string[] | undefined): void {
  const place = known ? labels.findIndex((label, i) => label !== known[i]) : -1;
  if (place === -1) return;
  const isPermuted =
    labels.length === known!.length && [...labels].sort().join('\n') === [...known!].sort().join('\n');
  check(
    !isPermuted,
    () =>
      `The labels are the model's in another order: class ${place} is '${known![place]}', and they call it ` +
      `'${labels[place]}'. Leave them out.`,
  );
}
