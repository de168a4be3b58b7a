import { check, checkInteger, checkOptions } from '../../core/errors.js';
import type { Augmentation } from './augmentation.js';
import { applyAtLevel } from './auto-augment.js';
import { operations } from './operations.js';

/** Options of {@link randAugment}. */
export interface RandAugmentOptions {
  /** Operations one after the other. Default 2. */
  readonly count?: number;
  /** Of all operations, from 0 to 30. Default 9. */
  readonly magnitude?: number;
}

const HIGHEST_MAGNITUDE = 30;

/** All but inverting. */
const choices = Object.entries(operations).flatMap(([name, operation]) =>
  name === 'Invert' ? [] : [operation],
);

/**
 * Operations that are chosen at random, all of one magnitude. Source: Cubuk et al. 2019, arXiv 1909.13719; as
 * torchvision.transforms.RandAugment.
 * @throws ArgumentError where an option is out of range.
 */
export function randAugment(options: RandAugmentOptions = {}): Augmentation {
  checkOptions('randAugment', options, { count: true, magnitude: true });
  const { count = 2, magnitude = 9 } = options;
  checkInteger('count', count, 1);
  check(
    magnitude >= 0 && magnitude <= HIGHEST_MAGNITUDE,
    () => `magnitude is ${magnitude}; give a number from 0 to ${HIGHEST_MAGNITUDE}.`,
  );
  return (image, random) => {
    let result = image;
    for (let i = 0; i < count; i++) {
      const operation = choices[random.integer(choices.length)]!;
      result = applyAtLevel(operation, result, magnitude / HIGHEST_MAGNITUDE, random);
    }
    return result;
  };
}
