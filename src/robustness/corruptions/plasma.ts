import type { Random } from '../../core/random.js';

/**
 * A cloud: heights from 0 to 1 of a square, by diamonds and squares (Fournier, Fussell and Carpenter 1982), the left border next to the
 * right one.
 * @param side - A power of two.
 * @param decay - By how much the random part shrinks from one size to the half of it: larger gives smoother clouds.
 * @returns side * side heights.
 */
export function plasma(side: number, decay: number, random: Random): Float64Array {
  const map = new Float64Array(side * side);
  let wobble = 100;
  const mean = (sum: number) => sum / 4 + wobble * random.uniform(-wobble, wobble);
  const at = (y: number, x: number) => map[(y & (side - 1)) * side + (x & (side - 1))]!;
  const each = (firstY: number, firstX: number, step: number, value: (y: number, x: number) => number) => {
    for (let y = firstY; y < side; y += step) {
      for (let x = firstX; x < side; x += step) map[y * side + x] = value(y, x);
    }
  };
  for (let step = side; step >= 2; step /= 2) {
    const half = step / 2;
    const cross = (y: number, x: number) =>
      mean(at(y - half, x) + at(y + half, x) + at(y, x - half) + at(y, x + half));
    each(half, half, step, (y, x) =>
      mean(at(y - half, x - half) + at(y + half, x - half) + at(y - half, x + half) + at(y + half, x + half)),
    );
    each(0, half, step, cross);
    each(half, 0, step, cross);
    wobble /= decay;
  }
  const least = map.reduce((least, value) => Math.min(least, value), Infinity);
  const most = map.reduce((most, value) => Math.max(most, value), -Infinity);
  return map.map((value) => (value - least) / (most - least || 1));
}

/** The least power of two that is not below a number. */
export function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}
