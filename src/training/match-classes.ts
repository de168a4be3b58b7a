import { ArgumentError, check, shown } from '../core/errors.js';
import { listed } from '../core/listed.js';
import { nearestName } from '../core/nearest-name.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkSeveralClasses } from './data/check-classes.js';
import type { Dataset } from './data/dataset.js';

/** What a mapping looks like, where nobody knows the names. */
const PLACEHOLDER = ['name in the data', 'name in the model'] as const;

/** By the name of a class in the data: the class's name in the model, or its number there, from 0. */
export type ClassMapping = Readonly<Record<string, string | number>>;

/** Classes that those of data are matched with. */
export type KnownClasses = Pick<ImageClassifier, 'classes' | 'labels'>;

/**
 * The same images, whose classes are the model's. Each class is the model's of the same name, or the one that the mapping says,
 * as `withWordNetIds` gives it. Where the model's classes have no names, the data's are taken to be
 * the same in the same order. The data may have fewer classes than a model with names.
 * @param what - The data, for messages.
 * @throws ArgumentError where the model has no head; does not know a class, or has two of the name; or has no names and another
 * number of classes.
 */
export function matchClasses(
  model: KnownClasses,
  data: Dataset,
  mapping: ClassMapping = {},
  what = 'The data',
): Dataset {
  return atPlaces(model, data, classPlaces(model, data.classes, mapping, what));
}

/** What {@link matchTraining} gives. */
export interface MatchedTraining<Data> {
  readonly data: Data;
  readonly validation: Dataset | undefined;
  /** What the model's classes are called. */
  readonly labels: readonly string[] | undefined;
}

/**
 * {@link matchClasses} of the data to train on, which must have all of the model's classes, and of those to validate with. A model
 * whose classes have no names takes the data's.
 * @param data - Undefined for batches, whose targets are the model's classes already.
 */
export function matchTraining<Data extends Dataset | undefined>(
  model: KnownClasses,
  data: Data,
  { classes = {}, validation }: { readonly classes?: ClassMapping; readonly validation?: Dataset },
): MatchedTraining<Data> {
  checkMapping(classes, data, validation);
  const places = data && classPlaces(model, data.classes, classes, 'The data');
  if (places) checkEveryClass(model, places);
  const matched = data && atPlaces(model, data, places!);
  const labels = model.labels ?? matched?.classes;
  const matchedValidation =
    validation &&
    matchClasses({ classes: model.classes, labels }, validation, classes, 'The validation data');
  return { data: matched as Data, validation: matchedValidation, labels };
}

/** @throws ArgumentError where the option is no object of names. */
export function checkMappingKind(mapping: ClassMapping | undefined): void {
  const isPlain = Object.prototype.toString.call(mapping) === '[object Object]';
  check(mapping === undefined || isPlain, () => {
    const advice = mapping instanceof Map ? ', as Object.fromEntries makes one of a Map' : '';
    return `The option classes is ${shown(mapping)}; give an object such as { '${PLACEHOLDER.join("': '")}' }${advice}.`;
  });
}

/** @throws ArgumentError where a mapping has a name that none of the data has. */
export function checkMapping(mapping: ClassMapping, ...data: readonly (Dataset | undefined)[]): void {
  checkMappingKind(mapping);
  const names = data.flatMap((dataset) => dataset?.classes ?? []);
  const known = new Set(names.map(normal));
  const others = Object.keys(mapping).filter((name) => !known.has(normal(name)));
  check(
    others.length === 0,
    () =>
      `The option classes maps ${listed(others)}, and the data has the classes ${listed(names)}; map names that the data has.`,
  );
}

/** The place of each of these names among the model's classes. */
function classPlaces(
  { classes, labels }: KnownClasses,
  names: readonly string[],
  mapping: ClassMapping,
  what: string,
): number[] {
  if (classes === undefined)
    throw new ArgumentError('This model has no head to classify with; build it with { includeTop: true }.');
  const mapped = new Map(Object.entries(mapping).map(([name, target]) => [normal(name), target]));
  const isMapped = names.some((name) => mapped.has(normal(name)));
  if (!isMapped && (!labels || isSameList(labels, names))) return sameOrder(classes, names.length, what);
  checkSeveralClasses(classes);
  checkDistinct(names, what);
  const known = new LabelPlaces(labels ?? []);
  const places = names.map((name) => {
    const target = mapped.get(normal(name));
    return target === undefined ? known.find(name) : known.findMapped(name, target, classes);
  });
  const unknown = names.filter((_, i) => places[i] === undefined);
  check(unknown.length === 0, () => unknownNames(labels, unknown, places, what));
  return places as number[];
}

function sameOrder(classes: number, count: number, what: string): number[] {
  check(
    classes === count,
    () =>
      `The model has ${classes} classes and ${what.toLowerCase()} ${count}; give data of as many, or build it with { classes: ${count} }.`,
  );
  checkSeveralClasses(classes);
  return Array.from({ length: classes }, (_, i) => i);
}

/** The places of a model's classes by their names. */
class LabelPlaces {
  readonly #places = new Map<string, number[]>();

  constructor(readonly labels: readonly string[]) {
    for (const [place, label] of labels.entries()) {
      this.#places.set(normal(label), [...(this.#places.get(normal(label)) ?? []), place]);
    }
  }

  /** The place of a name. */
  find(name: string): number | undefined {
    const found = this.#places.get(normal(name)) ?? [];
    check(
      found.length < 2,
      () =>
        `The model has ${found.length} classes of the name '${name}', ${found.join(' and ')}; say which one by its number, such ` +
        `as ${example(name, found[0]!)}.`,
    );
    return found[0];
  }

  /** The place that a mapping says: by name, or by number. */
  findMapped(name: string, target: string | number, classes: number): number {
    const { labels } = this;
    const place = typeof target === 'string' ? (this.find(target) ?? numberOf(target)) : target;
    check(
      Number.isInteger(place) && place >= 0 && place < classes,
      () =>
        `The option classes maps '${name}' to '${target}', which the model does not know; give ` +
        (labels.length > 0 ? `one of its names, ${listed(labels)}, or ` : '') +
        `the number of a class, from 0 to ${classes - 1}.`,
    );
    return place;
  }
}

/** The number that a name is which the model does not know. */
function numberOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : NaN;
}

function checkDistinct(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    check(
      !seen.has(normal(name)),
      () => `${what} has two classes of the name '${name}'; give each another name.`,
    );
    seen.add(normal(name));
  }
}

function checkEveryClass({ classes, labels }: KnownClasses, places: readonly number[]): void {
  const lacking = Array.from({ length: classes! }, (_, i) => i).filter((place) => !places.includes(place));
  check(
    lacking.length === 0,
    () =>
      `The data lacks classes of the model: ${listed(lacking.map((place) => labels?.[place] ?? `class ${place}`))}. Give images ` +
      'of each, or give the model a new head for fewer classes, by resetHead or fineTune.',
  );
}

/** What to say of names that the model does not know. */
function unknownNames(
  labels: readonly string[] | undefined,
  unknown: readonly string[],
  places: readonly (number | undefined)[],
  what: string,
): string {
  if (!labels) {
    return (
      `The model's classes have no names, and the option classes gives no number for ${listed(unknown)}; ` +
      'give one for every class of the data.'
    );
  }
  const lacking = labels.filter((_, place) => !places.includes(place));
  const [name, target] = pairing(unknown, lacking);
  return (
    `${what} has the classes ${listed(unknown)}, which the model does not know; ` +
    (lacking.length > 0
      ? `it knows ${listed(lacking)}, which the data lacks. `
      : `each of its classes, ${listed(labels)}, is in the data already. `) +
    `Say which is which by the option classes, such as ${example(name, target)}. ` +
    'To learn other classes, a model needs a new head, by resetHead or fineTune.'
  );
}

/** A class and what it may be in the model: of the only two there are, or of names that are near; otherwise of no such names. */
function pairing(unknown: readonly string[], lacking: readonly string[]): readonly [string, string] {
  if (unknown.length === 1 && lacking.length === 1) return [unknown[0]!, lacking[0]!];
  for (const name of unknown) {
    const near = nearestName(name, lacking);
    if (near !== undefined) return [name, near];
  }
  return PLACEHOLDER;
}

function example(name: string, target: string | number): string {
  const value = typeof target === 'number' ? target : `'${target}'`;
  return `{ '${name}': ${value} }, on the command line --classes "${name}=${target}"`;
}

function atPlaces({ classes, labels }: KnownClasses, data: Dataset, places: readonly number[]): Dataset {
  return {
    ...data,
    classes: labels ?? Array.from({ length: classes! }, (_, place) => nameAt(place, data.classes, places)),
    labels: Int32Array.from(data.labels, (label) => placeOfLabel(label, places)),
    image: (index) => data.image(index),
  };
}

function placeOfLabel(label: number, places: readonly number[]): number {
  const place = places[label];
  check(
    place !== undefined,
    () => `A label of the data is ${label}, and it has ${places.length} classes; give labels from 0 on.`,
  );
  return place;
}

/** What the data call the class of this place. */
function nameAt(place: number, names: readonly string[], places: readonly number[]): string {
  return names.filter((_, i) => places[i] === place).join(', ') || `class ${place}`;
}

/** Whether these are the same names in the same order. */
export function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => normal(name) === normal(b[i]!));
}

/** A name to compare: an accented letter may be one character or two, as file systems differ in it. */
function normal(name: string): string {
  return name.normalize();
}
