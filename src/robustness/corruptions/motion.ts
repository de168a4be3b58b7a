import { clamped, padded } from './border.js';
import { rowByRow, type Layer } from './pixels.js';

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
  const { width, height, channels } = layer;
  const shifts = shiftsOf(motion, width, height);
  const total = shifts.reduce((sum, { weight }) => sum + weight, 0);
  const rows = Math.max(...shifts.map(({ dy }) => Math.abs(dy)));
  const columns = Math.max(...shifts.map(({ dx }) => Math.abs(dx)));
  const data = padded(layer, rows, columns, clamped);
  const stride = (width + 2 * columns) * channels;
  return rowByRow(layer, (sums, y) => {
    for (const { dx, dy, weight } of shifts) {
      const share = weight / total;
      const from = (y - dy + rows) * stride + (columns - dx) * channels;
      for (let i = 0; i < sums.length; i++) sums[i]! += share * data[from + i]!;
    }
  });
}

/** The shifts of a motion that stay within a layer. */
function shiftsOf({ radius, sigma, angle }: Motion, width: number, height: number) {
  const radians = (angle * Math.PI) / 180;
  const shifts = Array.from({ length: 2 * radius + 1 }, (_, i) => ({
    // From 0, so that there is no -0, which makes places slow.
    dx: 0 - Math.ceil(i * Math.cos(radians) - 0.5),
    dy: 0 - Math.ceil(i * Math.sin(radians) - 0.5),
    weight: Math.exp(-(i ** 2) / (2 * sigma ** 2)),
  }));
  return shifts.filter(({ dx, dy }) => Math.abs(dx) < width && Math.abs(dy) < height);
}
