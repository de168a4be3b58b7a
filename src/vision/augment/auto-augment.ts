import { checkOneOf } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { RgbImage } from '../image.js';
import type { Augmentation } from './augmentation.js';
import { operations, type Operation, type OperationName } from './operations.js';

/** An operation, its probability, and its level from 0 to 9, where it has one. */
type Part = readonly [name: OperationName, probability: number, level?: number];

/** Pairs of operations that were found by search (Cubuk et al. 2018, arXiv 1805.09501, tables 7 and 9). */
// prettier-ignore
const policies = {
  imagenet: [
    [['Posterize', 0.4, 8], ['Rotate', 0.6, 9]],
    [['Solarize', 0.6, 5], ['AutoContrast', 0.6]],
    [['Equalize', 0.8], ['Equalize', 0.6]],
    [['Posterize', 0.6, 7], ['Posterize', 0.6, 6]],
    [['Equalize', 0.4], ['Solarize', 0.2, 4]],
    [['Equalize', 0.4], ['Rotate', 0.8, 8]],
    [['Solarize', 0.6, 3], ['Equalize', 0.6]],
    [['Posterize', 0.8, 5], ['Equalize', 1]],
    [['Rotate', 0.2, 3], ['Solarize', 0.6, 8]],
    [['Equalize', 0.6], ['Posterize', 0.4, 6]],
    [['Rotate', 0.8, 8], ['Color', 0.4, 0]],
    [['Rotate', 0.4, 9], ['Equalize', 0.6]],
    [['Equalize', 0], ['Equalize', 0.8]],
    [['Invert', 0.6], ['Equalize', 1]],
    [['Color', 0.6, 4], ['Contrast', 1, 8]],
    [['Rotate', 0.8, 8], ['Color', 1, 2]],
    [['Color', 0.8, 8], ['Solarize', 0.8, 7]],
    [['Sharpness', 0.4, 7], ['Invert', 0.6]],
    [['ShearX', 0.6, 5], ['Equalize', 1]],
    [['Color', 0.4, 0], ['Equalize', 0.6]],
    [['Equalize', 0.4], ['Solarize', 0.2, 4]],
    [['Solarize', 0.6, 5], ['AutoContrast', 0.6]],
    [['Invert', 0.6], ['Equalize', 1]],
    [['Color', 0.6, 4], ['Contrast', 1, 8]],
    [['Equalize', 0.8], ['Equalize', 0.6]],
  ],
  cifar10: [
    [['Invert', 0.1], ['Contrast', 0.2, 6]],
    [['Rotate', 0.7, 2], ['TranslateX', 0.3, 9]],
    [['Sharpness', 0.8, 1], ['Sharpness', 0.9, 3]],
    [['ShearY', 0.5, 8], ['TranslateY', 0.7, 9]],
    [['AutoContrast', 0.5], ['Equalize', 0.9]],
    [['ShearY', 0.2, 7], ['Posterize', 0.3, 7]],
    [['Color', 0.4, 3], ['Brightness', 0.6, 7]],
    [['Sharpness', 0.3, 9], ['Brightness', 0.7, 9]],
    [['Equalize', 0.6], ['Equalize', 0.5]],
    [['Contrast', 0.6, 7], ['Sharpness', 0.6, 5]],
    [['Color', 0.7, 7], ['TranslateX', 0.5, 8]],
    [['Equalize', 0.3], ['AutoContrast', 0.4]],
    [['TranslateY', 0.4, 3], ['Sharpness', 0.2, 6]],
    [['Brightness', 0.9, 6], ['Color', 0.2, 8]],
    [['Solarize', 0.5, 2], ['Invert', 0]],
    [['Equalize', 0.2], ['AutoContrast', 0.6]],
    [['Equalize', 0.2], ['Equalize', 0.6]],
    [['Color', 0.9, 9], ['Equalize', 0.6]],
    [['AutoContrast', 0.8], ['Solarize', 0.2, 8]],
    [['Brightness', 0.1, 3], ['Color', 0.7, 0]],
    [['Solarize', 0.4, 5], ['AutoContrast', 0.9]],
    [['TranslateY', 0.9, 9], ['TranslateY', 0.7, 9]],
    [['AutoContrast', 0.9], ['Solarize', 0.8, 3]],
    [['Equalize', 0.8], ['Invert', 0.1]],
    [['TranslateY', 0.7, 9], ['AutoContrast', 0.9]],
  ],
} as const satisfies Record<string, readonly (readonly [Part, Part])[]>;

const HIGHEST_LEVEL = 9;

/**
 * One of 25 pairs of operations that a search found to be good for this data set. Source: Cubuk et al. 2018, arXiv
 * 1805.09501; as torchvision.transforms.AutoAugment.
 * @throws ArgumentError where there is no such policy.
 */
export function autoAugment(policy: 'imagenet' | 'cifar10'): Augmentation {
  checkOneOf('policy', policy, Object.keys(policies));
  return (image, random) => {
    const pairs: readonly (readonly [Part, Part])[] = policies[policy];
    return pairs[random.integer(pairs.length)]!.reduce((image, [name, probability, level = 0]) => {
      if (random.uniform() >= probability) return image;
      return applyAtLevel(operations[name], image, level / HIGHEST_LEVEL, random);
    }, image);
  };
}

/** Applies an operation at a level from 0 to 1, its sign at random where it has one. */
export function applyAtLevel(
  { signed, magnitude, apply }: Operation,
  image: RgbImage,
  level: number,
  random: Random,
): RgbImage {
  const amount = magnitude(level, image);
  return apply(image, signed && random.uniform() < 0.5 ? -amount : amount);
}
