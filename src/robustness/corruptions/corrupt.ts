import { check, checkOneOf, checkOptions, shown } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import type { Augmentation } from '../../vision/augment/augmentation.js';
import { asRgbImage, noImage, type RgbImage } from '../../vision/image.js';
import { defocusBlur, gaussianBlur, glassBlur, motionBlur, zoomBlur } from './blur.js';
import { brightness, contrast, saturate } from './color.js';
import { elasticTransform, pixelate } from './digital.js';
import { jpegRoundTrip } from './jpeg.js';
import { gaussianNoise, impulseNoise, shotNoise, speckleNoise } from './noise.js';
import { spatter, type Spatter } from './spatter.js';
import { fog, frost, snow, type Snow } from './weather.js';

/** How strong a corruption is: 1 is the least, 5 the most. */
export type Severity = 1 | 2 | 3 | 4 | 5;

/** Every {@link Severity}. */
export const severities: readonly Severity[] = [1, 2, 3, 4, 5];

type Corruption = (image: RgbImage, severity: Severity, random: Random) => RgbImage;

/** A corruption whose strength at each severity is one of five settings. */
function graded<Setting>(
  settings: readonly [Setting, Setting, Setting, Setting, Setting],
  corrupt: (image: RgbImage, setting: Setting, random: Random) => RgbImage,
): Corruption {
  return (image, severity, random) => corrupt(image, settings[severity - 1]!, random);
}

type Pair = readonly [number, number];
type SnowRow = readonly [number, number, number, number, number, number, number];
type SpatterRow = readonly [number, number, number, number, number, boolean];

function snowOf([mean, deviation, zoom, least, radius, sigma, kept]: SnowRow): Snow {
  return { mean, deviation, zoom, least, radius, sigma, kept };
}

function spatterOf([mean, deviation, sigma, least, strength, isMud]: SpatterRow): Spatter {
  return { mean, deviation, sigma, least, strength, isMud };
}

/** The settings are those of ImageNet-C, for images of 224 pixels. */
const corruptions = {
  gaussian_noise: graded([0.08, 0.12, 0.18, 0.26, 0.38], gaussianNoise),
  shot_noise: graded([60, 25, 12, 5, 3], shotNoise),
  impulse_noise: graded([0.03, 0.06, 0.09, 0.17, 0.27], impulseNoise),
  defocus_blur: graded<Pair>(
    [
      [3, 0.1],
      [4, 0.5],
      [6, 0.5],
      [8, 0.5],
      [10, 0.5],
    ],
    (image, [radius, border]) => defocusBlur(image, radius, border),
  ),
  glass_blur: graded<readonly [number, number, number]>(
    [
      [0.7, 1, 2],
      [0.9, 2, 1],
      [1, 2, 3],
      [1.1, 3, 2],
      [1.5, 4, 2],
    ],
    glassBlur,
  ),
  motion_blur: graded<Pair>(
    [
      [10, 3],
      [15, 5],
      [15, 8],
      [15, 12],
      [20, 15],
    ],
    (image, [radius, sigma], random) => motionBlur(image, { radius, sigma, angle: random.uniform(-45, 45) }),
  ),
  zoom_blur: graded<Pair>(
    [
      [1.11, 0.01],
      [1.16, 0.01],
      [1.21, 0.02],
      [1.26, 0.02],
      [1.31, 0.03],
    ],
    (image, [stop, step]) => zoomBlur(image, stop, step),
  ),
  snow: graded<SnowRow>(
    [
      [0.1, 0.3, 3, 0.5, 10, 4, 0.8],
      [0.2, 0.3, 2, 0.5, 12, 4, 0.7],
      [0.55, 0.3, 4, 0.9, 12, 8, 0.7],
      [0.55, 0.3, 4.5, 0.85, 12, 8, 0.65],
      [0.55, 0.3, 2.5, 0.85, 12, 12, 0.55],
    ],
    (image, row, random) => snow(image, snowOf(row), random),
  ),
  frost: graded<Pair>(
    [
      [1, 0.4],
      [0.8, 0.6],
      [0.7, 0.7],
      [0.65, 0.7],
      [0.6, 0.75],
    ],
    (image, [kept, strength], random) => frost(image, kept, strength, random),
  ),
  fog: graded<Pair>(
    [
      [1.5, 2],
      [2, 2],
      [2.5, 1.7],
      [2.5, 1.5],
      [3, 1.4],
    ],
    (image, [strength, decay], random) => fog(image, strength, decay, random),
  ),
  brightness: graded([0.1, 0.2, 0.3, 0.4, 0.5], brightness),
  contrast: graded([0.4, 0.3, 0.2, 0.1, 0.05], contrast),
  elastic_transform: graded([12.5, 16.25, 21.25, 25, 30], elasticTransform),
  pixelate: graded([0.6, 0.5, 0.4, 0.3, 0.25], pixelate),
  jpeg_compression: graded([25, 18, 15, 10, 7], jpegRoundTrip),
  speckle_noise: graded([0.15, 0.2, 0.35, 0.45, 0.6], speckleNoise),
  gaussian_blur: graded([1, 2, 3, 4, 6], gaussianBlur),
  spatter: graded<SpatterRow>(
    [
      [0.65, 0.3, 4, 0.69, 0.6, false],
      [0.65, 0.3, 3, 0.68, 0.6, false],
      [0.65, 0.3, 2, 0.68, 0.5, false],
      [0.65, 0.3, 1, 0.65, 1.5, true],
      [0.67, 0.4, 1, 0.65, 1.5, true],
    ],
    (image, row, random) => spatter(image, spatterOf(row), random),
  ),
  saturate: graded<Pair>(
    [
      [0.3, 0],
      [0.1, 0],
      [2, 0],
      [5, 0.1],
      [20, 0.2],
    ],
    (image, [factor, added]) => saturate(image, factor, added),
  ),
} satisfies Record<string, Corruption>;

/** The name of a corruption, as ImageNet-C names it. */
export type CorruptionName = keyof typeof corruptions;

const names = Object.keys(corruptions) as CorruptionName[];

/** The 15 corruptions that a network is judged by: noise, blur, weather, and what cameras and files do. */
export const commonCorruptions: readonly CorruptionName[] = names.slice(0, 15);

/** Four more, which may be used to choose a recipe, since no network is judged by them. */
export const extraCorruptions: readonly CorruptionName[] = names.slice(15);

/** Options of {@link corrupt}. */
export interface CorruptOptions {
  /** How strong it is, from 1 to 5. Default 3. */
  readonly severity?: Severity;
  /** Of what is drawn at random. Default 0. */
  readonly seed?: number;
}

/**
 * A picture with one of the common corruptions of ImageNet-C, and the 4 extra ones, as PyPI's imagecorruptions makes them; values are
 * rounded to the nearest byte, where it cuts them. Source: Hendrycks and Dietterich 2019, arXiv 1903.12261.
 *
 * The settings are those for images of 224 pixels, for any size: on images of 32 pixels blurs are stronger than in CIFAR-10-C. Frost is
 * drawn, since the pictures that ImageNet-C takes are not part of this library.
 * @param image - A decoded picture, as `decodeImage` gives; it stays as it is.
 * @param name - One of `commonCorruptions` or `extraCorruptions`.
 * @throws ArgumentError where the name is not known, the severity is not 1, 2, 3, 4 or 5, or the image is no picture.
 */
export function corrupt(image: RgbImage, name: CorruptionName, options: CorruptOptions = {}): RgbImage {
  checkOptions('corrupt', options, { severity: true, seed: true });
  const { severity = 3, seed = 0 } = options;
  checkCorruption(name, severity);
  check(Number.isSafeInteger(seed), () => `seed is ${shown(seed)}; give an integer.`);
  const picture = asRgbImage(image);
  if (picture === undefined) throw noImage(image);
  return corruptions[name](picture, severity, new Random(seed));
}

/**
 * A corruption as an augmentation, for training.
 * @param name - As of {@link corrupt}.
 * @throws ArgumentError as {@link corrupt}.
 */
export function corruption(
  name: CorruptionName,
  options: Pick<CorruptOptions, 'severity'> = {},
): Augmentation {
  checkOptions('corruption', options, { severity: true });
  const { severity = 3 } = options;
  checkCorruption(name, severity);
  return (image, random) => corruptions[name](image, severity, random);
}

/** Throws unless there is such a corruption. */
export function checkCorruption(name: CorruptionName, severity: Severity): void {
  checkOneOf('The corruption', name, names);
  checkOneOf('severity', severity, severities);
}
