import { clamped, reflected } from './border.js';
import { filtered } from './filter.js';
import type { Layer } from './pixels.js';

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
  const down = bell(sigmaY, truncate).map(({ place, weight }) => ({ dx: 0, dy: place, weight }));
  const across = bell(sigmaX, truncate).map(({ place, weight }) => ({ dx: place, dy: 0, weight }));
  return filtered(filtered(layer, down, border), across, border);
}

/** The weights of a Gaussian filter, which make 1. */
function bell(sigma: number, truncate: number) {
  const radius = Math.trunc(truncate * sigma + 0.5);
  const places = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
  const weights = places.map((place) => Math.exp((-0.5 * place ** 2) / sigma ** 2));
  const sum = weights.reduce((sum, weight) => sum + weight, 0);
  return places.map((place, i) => ({ place, weight: weights[i]! / sum }));
}
