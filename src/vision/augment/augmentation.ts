import type { Random } from '../../core/random.js';
import type { RgbImage } from '../image.js';

/** Changes an image at random; the same stream gives the same change. The image itself stays as it is. */
export type Augmentation = (image: RgbImage, random: Random) => RgbImage;

/** Several augmentations one after the other. */
export function compose(...augmentations: readonly Augmentation[]): Augmentation {
  return (image, random) => augmentations.reduce((image, augment) => augment(image, random), image);
}
