import type { Random } from '../../core/random.js';
import type { Norm } from './ball.js';

/** An image that squares are put on, and the ball that they stay in. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly original: Float32Array;
  readonly norm: Norm;
  readonly radius: number;
}

/** The image with the change that the search begins with: stripes, or for `'l2'` a grid of hills and valleys. */
export function firstChange(picture: Picture, random: Random): Float32Array {
  const { height, width, channels, radius, norm } = picture;
  const change = new Float32Array(picture.original.length);
  if (norm === 'linf') {
    const signs = Array.from({ length: width * channels }, () => sign(random));
    for (let i = 0; i < change.length; i++) change[i] = radius * signs[i % signs.length]!;
    return added(picture, change);
  }
  const side = Math.max(1, Math.floor(Math.min(height, width) / 5));
  for (let top = 0; top + side <= height; top += side) {
    for (let left = 0; left + side <= width; left += side) {
      const hill = hillAndValley(side, random);
      for (let c = 0; c < channels; c++) {
        const factor = sign(random);
        hill.forEach((value, i) => {
          const place = (top + Math.floor(i / side)) * width + left + (i % side);
          change[place * channels + c] = factor * value;
        });
      }
    }
  }
  return added(picture, ofLength(change, radius));
}

/** The image with one square more, at a random place; a new array. */
export function changeSquare(
  picture: Picture,
  now: Float32Array,
  share: number,
  random: Random,
): Float32Array {
  return picture.norm === 'linf'
    ? flatSquare(picture, now, share, random)
    : hillSquare(picture, now, share, random);
}

/** A square in which every value of a channel goes up, or down, to the border of the ball. */
function flatSquare(picture: Picture, now: Float32Array, share: number, random: Random): Float32Array {
  const { original, channels, radius } = picture;
  const changed = now.slice();
  const signs = Array.from({ length: channels }, () => sign(random));
  for (const place of squareAt(picture, sideOf(picture, share, 1), random)) {
    for (let c = 0; c < channels; c++) {
      const i = place * channels + c;
      changed[i] = clip(original[i]! + signs[c]! * radius);
    }
  }
  return changed;
}

/**
 * A square of hill and valley. A second square becomes as the original was; what it had of the change's length, and what is left to
 * the radius, the first one gets.
 */
function hillSquare(picture: Picture, now: Float32Array, share: number, random: Random): Float32Array {
  const { original, channels, radius, height, width } = picture;
  const least = Math.min(3, height, width);
  const side = Math.min(sideOf(picture, share, least) | 1, height, width);
  const change = now.map((value, i) => value - original[i]!);
  const window = squareAt(picture, side, random);
  const emptied = squareAt(picture, side, random);
  const both = new Set([...window, ...emptied]);
  const squaresOf = (places: Iterable<number>, c: number) => {
    let sum = 0;
    for (const place of places) sum += change[place * channels + c]! ** 2;
    return sum;
  };
  const channelsList = Array.from({ length: channels }, (_, c) => c);
  const inBoth = channelsList.reduce((sum, c) => sum + squaresOf(both, c), 0);
  const whole = change.reduce((sum, value) => sum + value * value, 0);
  const spare = Math.max(0, radius ** 2 - whole) / channels;
  const hill = hillAndValley(side, random);
  const squares = channelsList.map((c) => {
    const before = Math.sqrt(squaresOf(window, c));
    const factor = sign(random);
    const mixed = Float32Array.from(
      hill,
      (value, i) => factor * value + change[window[i]! * channels + c]! / (1e-12 + before),
    );
    return ofLength(mixed, Math.sqrt(spare + inBoth / channels));
  });
  for (const place of emptied) for (const c of channelsList) change[place * channels + c] = 0;
  window.forEach((place, i) => {
    for (const c of channelsList) change[place * channels + c] = squares[c]![i]!;
  });
  return added(picture, ofLength(change, radius));
}

/** The places of the pixels of a square of this side, somewhere in the image. */
function squareAt({ height, width }: Picture, side: number, random: Random): number[] {
  const top = random.integer(height - side + 1);
  const left = random.integer(width - side + 1);
  return Array.from(
    { length: side * side },
    (_, i) => (top + Math.floor(i / side)) * width + left + (i % side),
  );
}

/** The side of a square of this share of the pixels. */
function sideOf({ height, width }: Picture, share: number, least: number): number {
  return Math.min(Math.max(Math.round(Math.sqrt(share * height * width)), least), height, width);
}

/** One half of a square up, the other down, both steeper towards their middle; of length 1, lying or standing. */
function hillAndValley(side: number, random: Random): Float32Array {
  const values = new Float32Array(side * side);
  const half = Math.floor(side / 2);
  addHill(values, side, 0, half, 1);
  addHill(values, side, half, side - half, -1);
  const isStanding = random.uniform() > 0.5;
  const turned = isStanding
    ? values.map((_, i) => values[(i % side) * side + Math.floor(i / side)]!)
    : values;
  return ofLength(turned, 1);
}

/** Adds rectangles around the middle of these rows, each wider than the one before and lower. */
function addHill(values: Float32Array, side: number, firstRow: number, rows: number, factor: number): void {
  if (rows === 0) return;
  const hill = new Float32Array(rows * side);
  const middle = [Math.floor(rows / 2), Math.floor(side / 2)] as const;
  for (let ring = 0; ring <= Math.max(...middle); ring++) {
    for (let y = Math.max(middle[0] - ring, 0); y < Math.min(middle[0] + ring + 1, rows); y++) {
      for (let x = Math.max(middle[1] - ring, 0); x < Math.min(middle[1] + ring + 1, side); x++) {
        hill[y * side + x]! += 1 / (ring + 1) ** 2;
      }
    }
  }
  ofLength(hill, 1).forEach((value, i) => (values[firstRow * side + i] = factor * value));
}

/** The image with a change, from 0 to 1. */
function added({ original }: Picture, change: Float32Array): Float32Array {
  return original.map((value, i) => clip(value + change[i]!));
}

/** Of this L2 norm; zeros stay. */
function ofLength(values: Float32Array, length: number): Float32Array {
  const now = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return now === 0 ? values : values.map((value) => (value * length) / now);
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function sign(random: Random): number {
  return random.uniform() < 0.5 ? -1 : 1;
}
