import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { padded, reflected101 } from './border.js';
import { addFiltered, gaussianFilter } from './gaussian.js';
import { moved, type Motion } from './motion.js';
import { layerOf, rowByRow, toImage, unitColors, type Layer } from './pixels.js';
import { zoomed } from './zoom.js';

/** A Gaussian filter of this standard deviation, in pixels. */
export function gaussianBlur(image: RgbImage, sigma: number): RgbImage {
  return toImage(gaussianFilter(unitColors(image), { sigmaY: sigma, sigmaX: sigma }));
}

/** The blur of a lens out of focus: the mean over a disk of this radius, whose border a Gaussian filter smooths. */
export function defocusBlur(image: RgbImage, radius: number, borderSigma: number): RgbImage {
  const layer = unitColors(image);
  const reach = radius <= 8 ? 8 : radius;
  const disk = diskRows(radius, borderSigma, reach);
  const data = padded(layer, reach, reach, reflected101);
  const stride = (layer.width + 2 * reach) * 3;
  const line = new Float64Array(stride);
  const blurred = rowByRow(layer, (sums, y) => {
    const middle = (y + reach) * stride;
    for (let dy = 0; dy < disk.length; dy++) {
      // Rows above and below have the same weights.
      const above = middle - dy * stride;
      const below = middle + dy * stride;
      for (let i = 0; i < stride; i++) line[i] = data[above + i]! + data[below + i]!;
      addFiltered(sums, line, reach * 3, 3, disk[dy]!);
    }
  });
  return toImage(blurred);
}

/** The weights of a disk from its middle to the right, row by row from the middle, which counts twice, to its lower end. */
function diskRows(radius: number, borderSigma: number, reach: number): Float64Array[] {
  const smooth = radius <= 8 ? [-1, 0, 1] : [-2, -1, 0, 1, 2];
  const bell = smooth.map((i) => Math.exp(-(i ** 2) / (2 * borderSigma ** 2)));
  const total = bell.reduce((sum, value) => sum + value, 0);
  const area = Array.from({ length: 2 * radius + 1 }, (_, i) => {
    return 2 * Math.floor(Math.sqrt(radius ** 2 - (i - radius) ** 2)) + 1;
  }).reduce((sum, value) => sum + value, 0);
  // The filter ends at `reach`, where the smoothing mirrors it.
  const folded = (i: number) => reach - Math.abs(reach - i);
  const weight = (y: number, x: number) => {
    let sum = 0;
    smooth.forEach((dy, j) =>
      smooth.forEach((dx, i) => {
        if (folded(y + dy) ** 2 + folded(x + dx) ** 2 <= radius ** 2) sum += bell[j]! * bell[i]!;
      }),
    );
    return sum / total ** 2 / area / (y === 0 ? 2 : 1);
  };
  const places = Array.from({ length: reach + 1 }, (_, i) => i);
  const rows = places.map((y) =>
    Float64Array.from(places.map((x) => weight(y, x)).filter((weight) => weight > 1e-12)),
  );
  return rows.filter((row) => row.length > 0);
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
  const blurred = smooth(unitColors(image)).data;
  const { width, height } = image;
  // Cut to bytes here, as there.
  const bytes = new Uint8Array(blurred.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = blurred[i]! * 255;
  for (let round = 0; round < rounds; round++) {
    for (let y = height - reach; y > reach; y--) {
      for (let x = width - reach; x > reach; x--) {
        const dx = random.integer(2 * reach) - reach;
        const dy = random.integer(2 * reach) - reach;
        const to = (y * width + x) * 3;
        const from = ((y + dy) * width + x + dx) * 3;
        bytes[to] = bytes[from]!;
        bytes[to + 1] = bytes[from + 1]!;
        bytes[to + 2] = bytes[from + 2]!;
      }
    }
  }
  return toImage(smooth(unitColors({ width, height, data: bytes })));
}

/** The blur of a camera that moves. */
export function motionBlur(image: RgbImage, motion: Motion): RgbImage {
  return toImage(moved(unitColors(image), motion));
}

/** The blur of a camera that comes nearer: the mean of the image and its middle, larger and larger. */
export function zoomBlur(image: RgbImage, stop: number, step: number): RgbImage {
  const layer = unitColors(image);
  const { width, height } = layer;
  const count = Math.ceil((stop - 1) / step);
  const sums = layer.data.slice();
  for (let i = 0; i < count; i++) {
    const larger = zoomed(layer, 1 + i * (1 + step - 1));
    for (let y = 0; y < height; y++) {
      const from = y * larger.width * 3;
      const to = y * width * 3;
      for (let x = 0; x < width * 3; x++) sums[to + x]! += larger.data[from + x]!;
    }
  }
  for (let i = 0; i < sums.length; i++) sums[i]! /= count + 1;
  return toImage(layerOf(layer, sums));
}
