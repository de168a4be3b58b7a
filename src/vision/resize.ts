import { checkInteger, checkOneOf } from '../core/errors.js';
import {
  checkPreprocessing,
  interpolations,
  squareParts,
  type Interpolation,
  type Preprocessing,
} from '../models/preprocessing.js';
import type { RgbImage } from './image.js';
import { PRECISION, resample, type Window } from './simd/resample.js';

/** A filter of resizing: its weight at a distance, and the distance beyond which it has none. */
interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

const filters: Record<Exclude<Interpolation, 'nearest'> | 'box', Filter> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys 1981 with a = -0.5.
  bicubic: {
    support: 2,
    weight: (distance) => {
      const a = -0.5;
      const x = Math.abs(distance);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
};

/**
 * Resizes with antialiasing: when an image gets smaller the filter widens, so that every pixel counts. In integers, one
 * direction after the other, rounded and clipped to bytes in between: the same bytes as Image.resize of Pillow 13, and so
 * as torchvision on PIL images. Older Pillows take the directions in another order where the height shrinks by much more, and differ
 * there: by up to 30 levels at hard edges, whose overshoot is clipped in between.
 * @param height - In pixels.
 * @param width - In pixels.
 */
export function resize(
  image: RgbImage,
  height: number,
  width: number,
  interpolation: Interpolation,
): RgbImage {
  checkInteger('height', height, 1);
  checkInteger('width', width, 1);
  checkOneOf('interpolation', interpolation, interpolations);
  return resizeBy(image, height, width, interpolation);
}

/** Resizes as {@link resize}, each pixel the mean of those that it covers: Pillow's `BOX`. */
export function resizeBox(image: RgbImage, height: number, width: number): RgbImage {
  return resizeBy(image, height, width, 'box');
}

function resizeBy(
  image: RgbImage,
  height: number,
  width: number,
  interpolation: Interpolation | 'box',
): RgbImage {
  const columns = windows(image.width, width, interpolation, 0, width);
  const rows = windows(image.height, height, interpolation, 0, height);
  return { width, height, data: resample(image, columns, rows, isDownFirst(image, height, width)) };
}

/** Whether columns are resized before rows, as Pillow 13 does where height shrinks by over twice as much as width. */
function isDownFirst(from: RgbImage, height: number, width: number): boolean {
  return from.height > height && from.height - height > 2 * (from.width - width);
}

/**
 * Resizes so that the short side has `resize` pixels, the long one in proportion and rounded down, and cuts the square
 * of `size` pixels out of the middle; what lies outside of a smaller image is black. The same as Resize and CenterCrop of
 * torchvision; only what the square shows is computed, so that an image of any proportions takes bounded memory.
 * @param preprocessing - With `stretch`, the whole image becomes the square instead.
 */
export function resizeAndCrop(
  image: RgbImage,
  preprocessing: Pick<Preprocessing, 'resize' | 'size' | 'interpolation' | 'stretch'>,
): RgbImage {
  checkPreprocessing(preprocessing, squareParts);
  const { resize: shortSide, size, interpolation, stretch } = preprocessing;
  if (stretch) return resize(image, size, size, interpolation);
  const short = Math.min(image.width, image.height);
  const cropped = (length: number) => {
    const resized = Math.max(1, Math.trunc((shortSide * length) / short));
    const first = cropStart(resized, size);
    const start = Math.max(0, first);
    const count = Math.min(resized, size);
    return { resized, margin: start - first, windows: windows(length, resized, interpolation, start, count) };
  };
  const columns = cropped(image.width);
  const rows = cropped(image.height);
  const downFirst = isDownFirst(image, rows.resized, columns.resized);
  const visible = resample(image, columns.windows, rows.windows, downFirst);
  if (visible.length === size * size * 3) return { width: size, height: size, data: visible };

  const data = new Uint8Array(size * size * 3);
  const stride = columns.windows.length * 3;
  rows.windows.forEach((_, y) => {
    const row = visible.subarray(y * stride, (y + 1) * stride);
    data.set(row, ((y + rows.margin) * size + columns.margin) * 3);
  });
  return { width: size, height: size, data };
}

/**
 * Where the middle `size` of `length` pixels start. torchvision pads what is smaller by half of what it lacks, rounded
 * down, and cuts what is larger at half of what is left over, rounded to even as Python does.
 */
export function cropStart(length: number, size: number): number {
  if (length < size) return -Math.floor((size - length) / 2);
  const half = (length - size) / 2;
  const floor = Math.floor(half);
  return half === floor || floor % 2 === 0 ? floor : floor + 1;
}

/** The windows of `count` pixels from `first` on, where a line of `from` pixels is resized to `to`. */
function windows(
  from: number,
  to: number,
  interpolation: Interpolation | 'box',
  first: number,
  count: number,
): Window[] {
  const scale = from / to;
  if (interpolation === 'nearest') return nearest(scale, first, count);
  const { support, weight } = filters[interpolation];
  const stretch = Math.max(scale, 1);
  const radius = support * stretch;
  const perPixel = 1 / stretch;
  const found: Window[] = [];
  for (let i = first; i < first + count; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - radius + 0.5));
    const end = Math.min(from, Math.trunc(centre + radius + 0.5));
    const weights: number[] = [];
    let sum = 0;
    for (let k = start; k < end; k++) {
      const raw = weight((k - centre + 0.5) * perPixel);
      weights.push(raw);
      sum += raw;
    }
    for (let k = 0; k < weights.length; k++) weights[k] = roundHalfAway((weights[k]! / sum) * 2 ** PRECISION);
    found.push({ start, weights });
  }
  return found;
}

/** Windows of one pixel, the one that the middle lies in. Pillow adds the scale up, so that rounding decides on borders. */
function nearest(scale: number, first: number, count: number): Window[] {
  const weights = [1 << PRECISION];
  const found: Window[] = [];
  let centre = scale / 2;
  for (let i = 0; i < first + count; i++) {
    if (i >= first) found.push({ start: Math.floor(centre), weights });
    centre += scale;
  }
  return found;
}

function roundHalfAway(x: number): number {
  return Math.trunc(x + (x < 0 ? -0.5 : 0.5));
}
