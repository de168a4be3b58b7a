import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { clamped, gaussianFilter, reflected101 } from './gaussian.js';
import { layerOf, toImage, unitColors, type Layer } from './pixels.js';
import { zoomed } from './zoom.js';

/** A Gaussian filter of this standard deviation, in pixels. */
export function gaussianBlur(image: RgbImage, sigma: number): RgbImage {
  return toImage(gaussianFilter(unitColors(image), { sigmaY: sigma, sigmaX: sigma }));
}

/** The blur of a lens out of focus: the mean over a disk of this radius, whose border a Gaussian filter smooths. */
export function defocusBlur(image: RgbImage, radius: number, borderSigma: number): RgbImage {
  const layer = unitColors(image);
  const { width, height, data } = layer;
  const reach = radius <= 8 ? 8 : radius;
  const taps = diskTaps(radius, borderSigma, reach);
  const stride = (width + 2 * reach) * 3;
  const padded = new Float32Array(stride * (height + 2 * reach));
  for (let y = -reach; y < height + reach; y++) {
    const from = reflected101(y, height) * width;
    for (let x = -reach; x < width + reach; x++) {
      const pixel = (from + reflected101(x, width)) * 3;
      const to = (y + reach) * stride + (x + reach) * 3;
      for (let c = 0; c < 3; c++) padded[to + c] = data[pixel + c]!;
    }
  }
  const out = new Float32Array(data.length);
  const sums = new Float64Array(width * 3);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (const { dx, dy, weight } of taps) {
      const from = (y + dy + reach) * stride + (dx + reach) * 3;
      for (let i = 0; i < sums.length; i++) sums[i]! += weight * padded[from + i]!;
    }
    out.set(sums, y * sums.length);
  }
  return toImage(layerOf(layer, out));
}

interface Tap {
  readonly dx: number;
  readonly dy: number;
  readonly weight: number;
}

/** The weights of a disk that are not zero. */
function diskTaps(radius: number, borderSigma: number, reach: number): Tap[] {
  const side = 2 * reach + 1;
  const disk = Float32Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side) - reach, (i % side) - reach];
    return x * x + y * y <= radius * radius ? 1 : 0;
  });
  const area = disk.reduce((sum, value) => sum + value, 0);
  const half = radius <= 8 ? 1 : 2;
  const bell = Array.from({ length: 2 * half + 1 }, (_, i) =>
    Math.exp(-((i - half) ** 2) / (2 * borderSigma ** 2)),
  );
  const total = bell.reduce((sum, value) => sum + value, 0);
  const taps: Tap[] = [];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let weight = 0;
      for (let j = 0; j < bell.length; j++) {
        for (let i = 0; i < bell.length; i++) {
          const place = reflected101(y + j - half, side) * side + reflected101(x + i - half, side);
          weight += (bell[j]! * bell[i]! * disk[place]!) / total ** 2 / area;
        }
      }
      if (weight > 1e-12) taps.push({ dx: x - reach, dy: y - reach, weight });
    }
  }
  return taps;
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
  const blurred = smooth(unitColors(image));
  const { width, height } = image;
  // Cut to bytes here, as there.
  const bytes = Uint8Array.from(blurred.data, (value) => value * 255);
  for (let round = 0; round < rounds; round++) {
    for (let y = height - reach; y > reach; y--) {
      for (let x = width - reach; x > reach; x--) {
        const dx = random.integer(2 * reach) - reach;
        const dy = random.integer(2 * reach) - reach;
        const from = ((y + dy) * width + x + dx) * 3;
        bytes.copyWithin((y * width + x) * 3, from, from + 3);
      }
    }
  }
  return toImage(smooth(unitColors({ width, height, data: bytes })));
}

/** How a layer moves: along `angle`, in degrees, by up to 2 * `radius` pixels, which count less the further they are. */
export interface Motion {
  readonly radius: number;
  readonly sigma: number;
  readonly angle: number;
}

/** The blur of a camera that moves. */
export function motionBlur(image: RgbImage, motion: Motion): RgbImage {
  return toImage(moved(unitColors(image), motion));
}

/**
 * A layer that moves: the mean of shifted layers, weighted by one half of a Gaussian. Shifts beyond the layer are left out; the
 * weights of the others still make 1 (in imagecorruptions they do not, so that small images get darker).
 */
export function moved(layer: Layer, motion: Motion): Layer {
  const { width, height, channels, data } = layer;
  const shifts = shiftsOf(motion, width, height);
  const total = shifts.reduce((sum, { weight }) => sum + weight, 0);
  const out = new Float32Array(data.length);
  for (const { dx, dy, weight } of shifts) {
    const share = weight / total;
    for (let y = 0; y < height; y++) {
      const from = clamped(y - dy, height) * width;
      for (let x = 0; x < width; x++) {
        const pixel = (from + clamped(x - dx, width)) * channels;
        const to = (y * width + x) * channels;
        for (let c = 0; c < channels; c++) out[to + c]! += share * data[pixel + c]!;
      }
    }
  }
  return layerOf(layer, out);
}

/** The shifts of a motion that stay within a layer. */
function shiftsOf({ radius, sigma, angle }: Motion, width: number, height: number): Tap[] {
  const radians = (angle * Math.PI) / 180;
  const shifts = Array.from({ length: 2 * radius + 1 }, (_, i) => ({
    dx: -Math.ceil(i * Math.cos(radians) - 0.5),
    dy: -Math.ceil(i * Math.sin(radians) - 0.5),
    weight: Math.exp(-(i ** 2) / (2 * sigma ** 2)),
  }));
  return shifts.filter(({ dx, dy }) => Math.abs(dx) < width && Math.abs(dy) < height);
}

/** The blur of a camera that comes nearer: the mean of the image and its middle, larger and larger. */
export function zoomBlur(image: RgbImage, stop: number, step: number): RgbImage {
  const layer = unitColors(image);
  const { width, height, data } = layer;
  const count = Math.ceil((stop - 1) / step);
  const sums = Float32Array.from(data);
  for (let i = 0; i < count; i++) {
    const larger = zoomed(layer, 1 + i * (1 + step - 1));
    for (let y = 0; y < height; y++) {
      const [from, to] = [y * larger.width * 3, y * width * 3];
      for (let x = 0; x < width * 3; x++) sums[to + x]! += larger.data[from + x]!;
    }
  }
  return toImage(
    layerOf(
      layer,
      sums.map((sum) => sum / (count + 1)),
    ),
  );
}
