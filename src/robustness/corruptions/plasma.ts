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
  for (let step = side; step >= 2; step /= 2) {
    const half = step / 2;
    squares(map, side, half, wobble, random);
    diamonds(map, side, half, [0, half], wobble, random);
    diamonds(map, side, half, [half, 0], wobble, random);
    wobble /= decay;
  }
  return fromZeroToOne(map);
}

/** The middles of squares, from their corners. */
function squares(map: Float64Array, side: number, half: number, wobble: number, random: Random): void {
  const last = side - 1;
  for (let y = half; y < side; y += 2 * half) {
    const above = (y - half) * side;
    const below = ((y + half) & last) * side;
    for (let x = half; x < side; x += 2 * half) {
      const left = x - half;
      const right = (x + half) & last;
      const sum = map[above + left]! + map[below + left]! + map[above + right]! + map[below + right]!;
      map[y * side + x] = sum / 4 + wobble * random.uniform(-wobble, wobble);
    }
  }
}

/** The middles of diamonds, from their corners. */
function diamonds(
  map: Float64Array,
  side: number,
  half: number,
  [firstY, firstX]: readonly [number, number],
  wobble: number,
  random: Random,
): void {
  const last = side - 1;
  for (let y = firstY; y < side; y += 2 * half) {
    const row = y * side;
    const above = ((y - half) & last) * side;
    const below = ((y + half) & last) * side;
    for (let x = firstX; x < side; x += 2 * half) {
      const left = (x - half) & last;
      const right = (x + half) & last;
      const sum = map[above + x]! + map[below + x]! + map[row + left]! + map[row + right]!;
      map[row + x] = sum / 4 + wobble * random.uniform(-wobble, wobble);
    }
  }
}

function fromZeroToOne(map: Float64Array): Float64Array {
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < map.length; i++) {
    least = Math.min(least, map[i]!);
    most = Math.max(most, map[i]!);
  }
  for (let i = 0; i < map.length; i++) map[i] = (map[i]! - least) / (most - least || 1);
  return map;
}

/** The least power of two that is not below a number. */
export function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}
