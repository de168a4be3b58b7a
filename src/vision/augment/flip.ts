import { check } from '../../core/errors.js';
import type { RgbImage } from '../image.js';
import type { Augmentation } from './augmentation.js';

/** The image as in a mirror, left and right exchanged. As torchvision's hflip. */
export function flipHorizontally({ width, height, data }: RgbImage): RgbImage {
  const flipped = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    let to = y * width * 3;
    for (let from = ((y + 1) * width - 1) * 3; from >= y * width * 3; from -= 3, to += 3) {
      flipped[to] = data[from]!;
      flipped[to + 1] = data[from + 1]!;
      flipped[to + 2] = data[from + 2]!;
    }
  }
  return { width, height, data: flipped };
}

/**
 * Mirrors an image with this probability. As torchvision.transforms.RandomHorizontalFlip.
 * @param probability - In [0, 1]. Default 0.5.
 */
export function randomFlip(probability = 0.5): Augmentation {
  check(
    probability >= 0 && probability <= 1,
    () => `probability is ${probability}; give a number in [0, 1], such as 0.5.`,
  );
  return (image, random) => (random.uniform() < probability ? flipHorizontally(image) : image);
}
