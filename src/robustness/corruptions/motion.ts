import { clamped } from './border.js';
import { filtered, type Tap } from './filter.js';
import type { Layer } from './pixels.js';

/** How a layer moves: along `angle`, in degrees, by up to 2 * `radius` pixels, which count less the further they are. */
export interface Motion {
  readonly radius: number;
  readonly sigma: number;
  readonly angle: number;
}

/**
 * A layer that moves: the mean of shifted layers, weighted by one half of a Gaussian. Shifts beyond the layer are left out; the
 * weights of the others still make 1 (in imagecorruptions they do not, so that small images get darker).
 */
export function moved(layer: Layer, motion: Motion): Layer {
  const shifts = shiftsOf(motion, layer.width, layer.height);
  const total = shifts.reduce((sum, { weight }) => sum + weight, 0);
  const taps = shifts.map(({ dx, dy, weight }) => ({ dx: -dx, dy: -dy, weight: weight / total }));
  return filtered(layer, taps, clamped);
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
