import { clamped, padded, reflected, type Border } from './border.js';
import { rowByRow, type Layer } from './pixels.js';

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
  const { sigmaY, sigmaX, truncate = 4 } = options;
  const border = options.border === 'reflect' ? reflected : clamped;
  return acrossRows(
    downColumns(layer, halfBell(sigmaY, truncate), border),
    halfBell(sigmaX, truncate),
    border,
  );
}

/** Weights of the Gaussian filter from its middle to its end; with those of the other half they make 1. */
function halfBell(sigma: number, truncate: number): Float64Array {
  const radius = Math.trunc(truncate * sigma + 0.5);
  const weights = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp((-0.5 * i ** 2) / sigma ** 2));
  const sum = weights.reduce((sum, weight) => sum + 2 * weight, -1);
  return weights.map((weight) => weight / sum);
}

function downColumns(layer: Layer, half: Float64Array, border: Border): Layer {
  const reach = half.length - 1;
  const stride = layer.width * layer.channels;
  const data = padded(layer, reach, 0, border);
  return rowByRow(layer, (sums, y) => addFiltered(sums, data, (y + reach) * stride, stride, half));
}

function acrossRows(layer: Layer, half: Float64Array, border: Border): Layer {
  const { width, channels } = layer;
  const reach = half.length - 1;
  const stride = (width + 2 * reach) * channels;
  const data = padded(layer, 0, reach, border);
  return rowByRow(layer, (sums, y) => addFiltered(sums, data, y * stride + reach * channels, channels, half));
}

/**
 * Adds the values from `start` on to `sums`, through a symmetric filter.
 * @param step - How far apart are the values that the filter takes together.
 * @param half - The weights of the filter, from its middle on.
 */
export function addFiltered(
  sums: Float64Array,
  data: Float64Array,
  start: number,
  step: number,
  half: Float64Array,
): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += half[0]! * data[start + i]!;
  for (let k = 1; k < half.length; k++) {
    const weight = half[k]!;
    const left = start - k * step;
    const right = start + k * step;
    for (let i = 0; i < sums.length; i++) sums[i]! += weight * (data[left + i]! + data[right + i]!);
  }
}
