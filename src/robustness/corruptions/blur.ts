import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { reflected101 } from './border.js';
import { filtered, type Tap } from './filter.js';
import { gaussianFilter } from './gaussian.js';
import { moved, type Motion } from './motion.js';
import { layerOf, toImage, unitColors, wholeLevels, type Layer } from './pixels.js';
import { sumOfZooms } from './zoom.js';

/** A Gaussian filter of this standard deviation, in pixels. */
export function gaussianBlur(image: RgbImage, sigma: number): RgbImage {
  return toImage(gaussianFilter(unitColors(image), { sigmaY: sigma, sigmaX: sigma }));
}

/** The blur of a lens out of focus: the mean over a disk of this radius, whose border a Gaussian filter smooths. */
export function defocusBlur(image: RgbImage, radius: number, borderSigma: number): RgbImage {
  return toImage(filtered(unitColors(image), disk(radius, borderSigma), reflected101));
}

/** The mean over a disk of this radius, smoothed. */
function disk(radius: number, borderSigma: number): Tap[] {
  const reach = Math.max(8, radius);
  const places = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const isInside = (x: number, y: number) => x ** 2 + y ** 2 <= radius ** 2;
  const smooth = radius <= 8 ? [-1, 0, 1] : [-2, -1, 0, 1, 2];
  const bell = smooth.map((i) => Math.exp(-(i ** 2) / (2 * borderSigma ** 2)));
  // The filter ends at `reach`, where the smoothing mirrors it.
  const mirrored = (i: number) => reach - Math.abs(reach - Math.abs(i));
  const smoothed = (x: number, y: number) => {
    let sum = 0;
    smooth.forEach((dy, j) => {
      smooth.forEach((dx, i) => {
        if (isInside(mirrored(x + dx), mirrored(y + dy))) sum += bell[j]! * bell[i]!;
      });
    });
    return sum;
  };
  const pixels = places.flatMap((dy) => places.map((dx) => ({ dx, dy })));
  const area = pixels.filter(({ dx, dy }) => isInside(dx, dy)).length;
  const total = area * bell.reduce((sum, weight) => sum + weight, 0) ** 2;
  const taps = pixels.map(({ dx, dy }) => ({ dx, dy, weight: smoothed(dx, dy) / total }));
  return taps.filter(({ weight }) => weight > 1e-12);
}

/**
 * Looking through frosted glass: pixels take the colour of one near them, between two Gaussian filters. As in the code that made
 * ImageNet-C, which copies the colour where its author may have meant to swap two.
 */
export function glassBlur(
  image: RgbImage,
  [sigma, reach, rounds]: readonly [sigma: number, reach: number, rounds: number],
  random: Random,
): RgbImage {
  const smooth = (layer: Layer) => gaussianFilter(layer, { sigmaY: sigma, sigmaX: sigma });
  const blurred = { ...image, data: wholeLevels(smooth(unitColors(image)).data) };
  for (let round = 0; round < rounds; round++) scatter(blurred, reach, random);
  return toImage(smooth(unitColors(blurred)));
}

/** Gives each pixel the colour of one that is up to `reach` away. */
function scatter({ width, height, data }: RgbImage, reach: number, random: Random): void {
  for (let y = height - reach; y > reach; y--) {
    for (let x = width - reach; x > reach; x--) {
      const dx = random.integer(2 * reach) - reach;
      const dy = random.integer(2 * reach) - reach;
      const to = (y * width + x) * 3;
      const from = ((y + dy) * width + x + dx) * 3;
      data[to] = data[from]!;
      data[to + 1] = data[from + 1]!;
      data[to + 2] = data[from + 2]!;
    }
  }
}

/** The blur of a camera that moves. */
export function motionBlur(image: RgbImage, motion: Motion): RgbImage {
  return toImage(moved(unitColors(image), motion));
}

/** The blur of a camera that comes nearer: the mean of the image and its middle, larger and larger. */
export function zoomBlur(image: RgbImage, stop: number, step: number): RgbImage {
  const layer = unitColors(image);
  const count = Math.ceil((stop - 1) / step);
  const factors = Array.from({ length: count }, (_, i) => 1 + i * step);
  const { data } = sumOfZooms(layer, factors, layer.width, layer.height);
  for (let i = 0; i < data.length; i++) data[i] = (data[i]! + layer.data[i]!) / (count + 1);
  return toImage(layerOf(layer, data));
}
