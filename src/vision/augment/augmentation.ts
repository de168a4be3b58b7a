import { check, shown } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { RgbImage } from '../image.js';

/** Changes an image at random; the same stream gives the same change. The image itself stays as it is. */
export type Augmentation = (image: RgbImage, random: Random) => RgbImage;

/**
 * Several augmentations one after the other.
 * @throws ArgumentError where one is no function.
 */
export function compose(...augmentations: readonly Augmentation[]): Augmentation {
  for (const one of augmentations)
    check(
      typeof one === 'function',
      () => `compose: an augmentation is ${shown(one)}; give functions, such as randomFlip().`,
    );
  return (image, random) => augmentations.reduce((image, augment) => augment(image, random), image);
}
