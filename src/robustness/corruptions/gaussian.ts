import { layerOf, type Layer } from './pixels.js';

/** Options of {@link gaussianFilter}. */
interface GaussianOptions {
  /** In pixels. */
  readonly sigmaY: number;
  /** In pixels. */
  readonly sigmaX: number;
  /** Standard deviations after which the filter ends. Default 4. */
  readonly truncate?: number;
  /** What is beyond the border: the last pixel again and again, or the image mirrored. Default `'nearest'`. */
  readonly border?: 'nearest' | 'reflect';
}

/** A layer through a Gaussian filter, as scipy.ndimage.gaussian_filter. */
export function gaussianFilter(layer: Layer, options: GaussianOptions): Layer {
  const { sigmaY, sigmaX, truncate = 4, border = 'nearest' } = options;
  const at = border === 'nearest' ? clamped : reflected;
  return acrossRows(downColumns(layer, kernel(sigmaY, truncate), at), kernel(sigmaX, truncate), at);
}

/** Weights of the Gaussian filter, of sum 1. */
function kernel(sigma: number, truncate: number): Float64Array {
  const radius = Math.trunc(truncate * sigma + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2),
  );
  const sum = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / sum);
}

function downColumns(layer: Layer, weights: Float64Array, at: (i: number, n: number) => number): Layer {
  const { width, height, channels, data } = layer;
  const radius = (weights.length - 1) / 2;
  const stride = width * channels;
  const out = new Float32Array(data.length);
  const sums = new Float64Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k]!;
      const from = at(y + k - radius, height) * stride;
      for (let i = 0; i < stride; i++) sums[i]! += weight * data[from + i]!;
    }
    out.set(sums, y * stride);
  }
  return layerOf(layer, out);
}

function acrossRows(layer: Layer, weights: Float64Array, at: (i: number, n: number) => number): Layer {
  const { width, height, channels, data } = layer;
  const radius = (weights.length - 1) / 2;
  const stride = width * channels;
  const out = new Float32Array(data.length);
  const sums = new Float64Array(stride);
  const row = new Float32Array((width + 2 * radius) * channels);
  for (let y = 0; y < height; y++) {
    for (let x = -radius; x < width + radius; x++) {
      const from = y * stride + at(x, width) * channels;
      for (let c = 0; c < channels; c++) row[(x + radius) * channels + c] = data[from + c]!;
    }
    sums.fill(0);
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k]!;
      const from = k * channels;
      for (let i = 0; i < stride; i++) sums[i]! += weight * row[from + i]!;
    }
    out.set(sums, y * stride);
  }
  return layerOf(layer, out);
}

/** The nearest place from 0 to n - 1. */
export function clamped(i: number, n: number): number {
  return Math.min(n - 1, Math.max(0, i));
}

/** The place where a mirror at the border shows it: d c b a | a b c d | d c b a. */
export function reflected(i: number, n: number): number {
  const place = ((i % (2 * n)) + 2 * n) % (2 * n);
  return place < n ? place : 2 * n - 1 - place;
}

/** The place where a mirror in the last pixel shows it: d c b | a b c d | c b a. */
export function reflected101(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * n - 2;
  const place = ((i % period) + period) % period;
  return place < n ? place : period - place;
}
