import { check } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import type { Batch } from './batch.js';

/** Makes of a batch one of mixed images and soft targets. */
export type Mix = (batch: Batch, classes: number, random: Random) => Batch;

/**
 * Mixup: each image becomes lambda times itself plus 1 - lambda times another of the batch, and so do the targets;
 * lambda is Beta(alpha, alpha), one a batch. The first image is mixed with the last, as in timm.
 * Source: Zhang et al. 2017, arXiv 1710.09412.
 * @param alpha - Positive; 0.2 for ImageNet, 1 for CIFAR in the paper.
 * @throws ArgumentError where alpha is not positive; when it runs, where the images are not of one size.
 */
export function mixup(alpha = 0.2): Mix {
  checkAlpha(alpha);
  return (batch, classes, random) => {
    const lambda = beta(random, alpha);
    const images = pairs(batch, (a, b) => blend(a, b, lambda));
    return { images, targets: mixTargets(batch, classes, lambda) };
  };
}

/**
 * CutMix: a box of each image is replaced by that of another of the batch; targets are mixed by area. The box has the
 * image's proportions and the share 1 - lambda of its area, lambda being Beta(alpha, alpha), before it is cut at the edges.
 * Source: Yun et al. 2019, arXiv 1905.04899.
 * @param alpha - Positive. Default 1, as in the paper.
 * @throws ArgumentError where alpha is not positive; when it runs, where the images are not of one size.
 */
export function cutMix(alpha = 1): Mix {
  checkAlpha(alpha);
  return (batch, classes, random) => {
    const { width, height } = batch.images[0]!;
    const centre = { x: random.integer(width), y: random.integer(height) };
    const box = cutMixBox(width, height, beta(random, alpha), centre);
    const images = pairs(batch, (a, b) => paste(a, b, box));
    const area = (box.right - box.left) * (box.bottom - box.top);
    return { images, targets: mixTargets(batch, classes, 1 - area / (width * height)) };
  };
}

/** One of several ways to mix, another for each batch, each as likely. */
export function anyMix(...ways: readonly Mix[]): Mix {
  check(ways.length > 0, () => 'anyMix got nothing to choose from; give it mixup() or cutMix().');
  return (batch, classes, random) => ways[random.integer(ways.length)]!(batch, classes, random);
}

/** lambda * a + (1 - lambda) * b, rounded to bytes, halves to even. */
export function blend(a: RgbImage, b: RgbImage, lambda: number): RgbImage {
  // Clamped arrays round so.
  const data = new Uint8ClampedArray(a.data.length);
  for (let i = 0; i < data.length; i++) data[i] = a.data[i]! * lambda + b.data[i]! * (1 - lambda);
  return { ...a, data };
}

/** A rectangle of pixels; right and bottom lie outside of it. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** CutMix's box around a centre; what lies outside of the image is cut off. */
export function cutMixBox(
  width: number,
  height: number,
  lambda: number,
  centre: { readonly x: number; readonly y: number },
): Box {
  const side = Math.sqrt(1 - lambda);
  const halfWidth = Math.floor(Math.floor(width * side) / 2);
  const halfHeight = Math.floor(Math.floor(height * side) / 2);
  return {
    left: Math.max(0, centre.x - halfWidth),
    top: Math.max(0, centre.y - halfHeight),
    right: Math.min(width, centre.x + halfWidth),
    bottom: Math.min(height, centre.y + halfHeight),
  };
}

function paste(onto: RgbImage, from: RgbImage, { left, top, right, bottom }: Box): RgbImage {
  const data = onto.data.slice();
  for (let y = top; y < bottom; y++) {
    const start = (y * onto.width + left) * 3;
    data.set(from.data.subarray(start, start + (right - left) * 3), start);
  }
  return { ...onto, data };
}

/** What `mix` makes of each image and its partner, the first's being the last. */
function pairs({ images }: Batch, mix: (a: RgbImage, b: RgbImage) => RgbImage): RgbImage[] {
  const { width, height } = images[0]!;
  const other = images.find((image) => image.width !== width || image.height !== height);
  check(
    other === undefined,
    () =>
      `Images of ${width} x ${height} and ${other!.width} x ${other!.height} pixels cannot be mixed; ` +
      'give a transform that makes them one size.',
  );
  return images.map((image, i) => mix(image, images[images.length - 1 - i]!));
}

function mixTargets({ images, targets }: Batch, classes: number, lambda: number): Float32Array {
  const count = images.length;
  const mixed = new Float32Array(count * classes);
  const isSoft = targets instanceof Float32Array;
  const add = (row: number, from: number, share: number) => {
    if (!isSoft) mixed[row * classes + targets[from]!]! += share;
    else for (let c = 0; c < classes; c++) mixed[row * classes + c]! += share * targets[from * classes + c]!;
  };
  for (let row = 0; row < count; row++) {
    add(row, row, lambda);
    add(row, count - 1 - row, 1 - lambda);
  }
  return mixed;
}

function checkAlpha(alpha: number): void {
  check(alpha > 0 && alpha < Infinity, () => `alpha is ${alpha}; give a positive number, such as 0.2.`);
}

/** A number of Beta(alpha, alpha), by Jöhnk's rejection (1964), in logarithms where powers would vanish. */
export function beta(random: Random, alpha: number): number {
  for (;;) {
    const x = Math.log(random.uniform()) / alpha;
    const y = Math.log(random.uniform()) / alpha;
    const most = Math.max(x, y);
    const [u, v] = [Math.exp(x - most), Math.exp(y - most)];
    if (most + Math.log(u + v) <= 0) return u / (u + v);
  }
}

/** Shares of sum 1, of the symmetric Dirichlet distribution; for alpha 1 all are as likely. */
export function dirichlet(random: Random, alpha: number, count: number): number[] {
  const parts = Array.from({ length: count }, () => gamma(random, alpha));
  const sum = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / sum);
}

/** A number of Gamma(alpha, 1) (Marsaglia and Tsang 2000). */
function gamma(random: Random, alpha: number): number {
  if (alpha < 1) return gamma(random, alpha + 1) * (1 - random.uniform()) ** (1 / alpha);
  const d = alpha - 1 / 3;
  for (;;) {
    const x = random.normalArray(1, 1)[0]!;
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
