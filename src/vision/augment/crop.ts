import { check, checkInteger, checkOneOf, checkOptions } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { RgbImage } from '../image.js';
import { resize } from '../resize.js';
import type { Augmentation } from './augmentation.js';

/** A rectangle of pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A part of an image; what lies outside of the image is black. As torchvision's crop. */
export function crop(image: RgbImage, { left, top, width, height }: Rectangle): RgbImage {
  const data = new Uint8Array(width * height * 3);
  const first = Math.max(0, left);
  const end = Math.min(image.width, left + width);
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height) && first < end; y++) {
    const row = image.data.subarray((y * image.width + first) * 3, (y * image.width + end) * 3);
    data.set(row, ((y - top) * width + first - left) * 3);
  }
  return { width, height, data };
}

/**
 * Surrounds an image with `padding` black pixels and cuts the image's size out anywhere, as CIFAR's images are augmented
 * (He et al. 2015, section 4.2). As torchvision.transforms.RandomCrop(size, padding).
 * @param padding - In pixels. Default 4.
 */
export function padAndCrop(padding = 4): Augmentation {
  checkInteger('padding', padding, 0);
  return (image, random) => {
    const left = random.integer(2 * padding + 1) - padding;
    const top = random.integer(2 * padding + 1) - padding;
    return crop(image, { left, top, width: image.width, height: image.height });
  };
}

/** Options of {@link randomResizedCrop}. */
export interface RandomResizedCropOptions {
  /** Side of the square that comes out, in pixels. */
  readonly size: number;
  /** Least and largest share of the image's area. Default [0.08, 1]. */
  readonly scale?: readonly [number, number];
  /** Least and largest proportion of width to height. Default [3/4, 4/3]. */
  readonly ratio?: readonly [number, number];
  /** Default `'bilinear'`. */
  readonly interpolation?: 'bilinear' | 'bicubic';
}

/**
 * Cuts a rectangle of random area, proportions and place out of an image and resizes it to a square. Source: Szegedy et
 * al. 2014, arXiv 1409.4842; as torchvision.transforms.RandomResizedCrop on PIL images.
 */
export function randomResizedCrop(options: RandomResizedCropOptions): Augmentation {
  checkOptions('randomResizedCrop', options, { size: true, scale: true, ratio: true, interpolation: true });
  const { size, scale = [0.08, 1], ratio = [3 / 4, 4 / 3], interpolation = 'bilinear' } = options;
  checkOneOf('interpolation', interpolation, ['bilinear', 'bicubic']);
  checkInteger('size', size, 1);
  checkRange('scale', scale);
  checkRange('ratio', ratio);
  return (image, random) => {
    const part = crop(image, randomRectangle(image, scale, ratio, random));
    return resize(part, size, size, interpolation);
  };
}

/** A rectangle of random area and proportions within an image; after ten that do not fit, one in the middle. */
export function randomRectangle(
  image: Pick<RgbImage, 'width' | 'height'>,
  scale: readonly [number, number],
  ratio: readonly [number, number],
  random: Random,
): Rectangle {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = image.width * image.height * random.uniform(...scale);
    const proportion = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = Math.round(Math.sqrt(area * proportion));
    const height = Math.round(Math.sqrt(area / proportion));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    const top = random.integer(image.height - height + 1);
    return { left: random.integer(image.width - width + 1), top, width, height };
  }
  const proportion = Math.min(Math.max(image.width / image.height, ratio[0]), ratio[1]);
  const width = Math.min(image.width, Math.max(1, Math.round(image.height * proportion)));
  const height = Math.min(image.height, Math.max(1, Math.round(image.width / proportion)));
  const left = Math.floor((image.width - width) / 2);
  return { left, top: Math.floor((image.height - height) / 2), width, height };
}

/** Throws unless the two are positive and in order. */
export function checkRange(name: string, [low, high]: readonly [number, number]): void {
  check(
    low > 0 && low <= high && high < Infinity,
    () => `${name} is [${low}, ${high}]; give two positive numbers, the smaller first.`,
  );
}
