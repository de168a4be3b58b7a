import type { Dataset } from './data/dataset.js';
import { isSameList, type ClassMapping, type KnownClasses } from './match-classes.js';

/** As ImageNet's folders are called. */
const pattern = /^n\d{8}$/;

/** The number of ImageNet's classes. */
const CLASSES = 1000;

/** Whether classes of the data may be WordNet ids of the model's, which only {@link withWordNetIds} can say. */
export function mayHaveWordNetIds(
  { labels }: KnownClasses,
  mapping: ClassMapping,
  ...data: readonly (Dataset | undefined)[]
): boolean {
  const names = [...data.flatMap((dataset) => dataset?.classes ?? []), ...Object.values(mapping)];
  const isNamed = labels?.length === CLASSES && !pattern.test(labels[0]!);
  return isNamed && names.some((name) => pattern.test(String(name)));
}

/**
 * A mapping that knows WordNet ids too: those of the data's classes, and those that it maps to, where the model has ImageNet's
 * labels. These are loaded only where there are such ids.
 */
export async function withWordNetIds(
  model: KnownClasses,
  mapping: ClassMapping = {},
  ...data: readonly (Dataset | undefined)[]
): Promise<ClassMapping> {
  if (!mayHaveWordNetIds(model, mapping, ...data)) return mapping;
  const { imageNetLabels, imageNetWordNetIds } = await import('../models/labels/imagenet.js');
  if (!isSameList(model.labels!, imageNetLabels)) return mapping;
  const places = new Map<unknown, number>(imageNetWordNetIds.map((id, place) => [id, place]));
  const found = data.flatMap((dataset) => dataset?.classes ?? []).filter((name) => places.has(name));
  return {
    ...Object.fromEntries(found.map((name) => [name, places.get(name)!])),
    ...Object.fromEntries(
      Object.entries(mapping).map(([name, target]) => [name, places.get(target) ?? target]),
    ),
  };
}
