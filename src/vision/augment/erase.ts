import { check, checkOptions } from '../../core/errors.js';
import type { RgbImage } from '../image.js';
import type { Augmentation } from './augmentation.js';
import { checkRange, type Rectangle } from './crop.js';

/** Options of {@link randomErasing}. */
export interface RandomErasingOptions {
  /** In [0, 1]. Default 0.5. */
  readonly probability?: number;
  /** Least and largest share of the image's area. Default [0.02, 0.33]. */
  readonly scale?: readonly [number, number];
  /** Least and largest proportion of height to width. Default [0.3, 3.3]. */
  readonly ratio?: readonly [number, number];
  /** A colour of three bytes, or `'noise'`. Default [124, 116, 104], ImageNet's mean, which normalising makes zero. */
  readonly fill?: readonly [number, number, number] | 'noise';
}

/**
 * Paints over a random rectangle. Source: Zhong et al. 2017, arXiv 1708.04896; as torchvision.transforms.RandomErasing,
 * but on bytes.
 */
export function randomErasing(options: RandomErasingOptions = {}): Augmentation {
  checkOptions('randomErasing', options, { probability: true, scale: true, ratio: true, fill: true });
  const { probability = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], fill = [124, 116, 104] } = options;
  check(
    probability >= 0 && probability <= 1,
    () => `probability is ${probability}; give a number in [0, 1], such as 0.5.`,
  );
  checkRange('scale', scale);
  checkRange('ratio', ratio);
  return (image, random) => {
    if (random.uniform() >= probability) return image;
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = image.width * image.height * random.uniform(...scale);
      const proportion = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
      const height = Math.round(Math.sqrt(area * proportion));
      const width = Math.round(Math.sqrt(area / proportion));
      if (height < 1 || width < 1 || height >= image.height || width >= image.width) continue;
      const top = random.integer(image.height - height + 1);
      const rectangle = { left: random.integer(image.width - width + 1), top, width, height };
      return erase(image, rectangle, fill === 'noise' ? () => random.integer(256) : (c) => fill[c]!);
    }
    return image;
  };
}

/** Sets every value of a rectangle within the image to what `value` says of its channel. */
export function erase(
  image: RgbImage,
  { left, top, width, height }: Rectangle,
  value: (channel: number) => number,
): RgbImage {
  const data = new Uint8Array(image.data);
  for (let y = top; y < top + height; y++) {
    const start = (y * image.width + left) * 3;
    for (let i = 0; i < 3 * width; i++) data[start + i] = value(i % 3);
  }
  return { ...image, data };
}
