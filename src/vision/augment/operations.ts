import { roundHalfEven } from '../../core/round-half-even.js';
import type { RgbImage } from '../image.js';
import { rotate, shearX, shearY, translate } from './affine.js';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './color.js';
import { autoContrast, equalize, invert, posterize, solarize } from './tone.js';

/** One of the changes that AutoAugment and RandAugment choose from. */
export interface Operation {
  /** Whether the sign of the magnitude is chosen at random. */
  readonly signed: boolean;
  /** The magnitude of a level from 0 to 1, for an image of this size. */
  readonly magnitude: (level: number, image: RgbImage) => number;
  readonly apply: (image: RgbImage, magnitude: number) => RgbImage;
}

/** An operation whose magnitude grows with the level up to `most`. */
function signed(most: number, apply: Operation['apply']): Operation {
  return { signed: true, magnitude: (level) => level * most, apply };
}

function plain(apply: (image: RgbImage) => RgbImage): Operation {
  return { signed: false, magnitude: () => 0, apply };
}

/** The largest translation, as a share of the side; 150 of 331 pixels in the paper. */
const TRANSLATION = 150 / 331;

/** With the magnitudes of torchvision. Source: Cubuk et al. 2018, arXiv 1805.09501, table 6. */
export const operations = {
  Identity: plain((image) => image),
  ShearX: signed(0.3, shearX),
  ShearY: signed(0.3, shearY),
  TranslateX: {
    signed: true,
    magnitude: (level, { width }) => level * TRANSLATION * width,
    apply: (image, right) => translate(image, right, 0),
  },
  TranslateY: {
    signed: true,
    magnitude: (level, { height }) => level * TRANSLATION * height,
    apply: (image, down) => translate(image, 0, down),
  },
  Rotate: signed(30, rotate),
  Brightness: signed(0.9, (image, magnitude) => adjustBrightness(image, 1 + magnitude)),
  Color: signed(0.9, (image, magnitude) => adjustSaturation(image, 1 + magnitude)),
  Contrast: signed(0.9, (image, magnitude) => adjustContrast(image, 1 + magnitude)),
  Sharpness: signed(0.9, (image, magnitude) => adjustSharpness(image, 1 + magnitude)),
  Posterize: { signed: false, magnitude: (level) => 8 - roundHalfEven(4 * level), apply: posterize },
  Solarize: { signed: false, magnitude: (level) => 255 - 255 * level, apply: solarize },
  AutoContrast: plain(autoContrast),
  Equalize: plain(equalize),
  Invert: plain(invert),
} satisfies Record<string, Operation>;

/** The name of an {@link Operation}. */
export type OperationName = keyof typeof operations;
