import { check } from '../core/errors.js';
import { MAX_PIXELS, type RgbImage } from '../vision/image.js';
import { Canvas } from './canvas.js';
import { colorOf, type Rgb } from './colors.js';

/** Between two tiles, in pixels. */
const GAP = 2;
const background: Rgb = [90, 90, 90];

/** A picture of one size that is shown larger, each value a square. */
export interface Tile {
  readonly height: number;
  readonly width: number;
  color(y: number, x: number): Rgb;
}

/**
 * Tiles of one size in rows, about as wide as high.
 * @throws ArgumentError where the picture would be too large.
 */
export function contactSheet(tiles: readonly Tile[], scale: number): RgbImage {
  const { height, width } = tiles[0]!;
  const columns = Math.ceil(Math.sqrt((tiles.length * height) / width));
  const rows = Math.ceil(tiles.length / columns);
  const [tall, wide] = [height * scale + GAP, width * scale + GAP];
  const [pictureWidth, pictureHeight] = [columns * wide + GAP, rows * tall + GAP];
  check(
    pictureWidth * pictureHeight <= MAX_PIXELS,
    () =>
      `At a scale of ${scale} the picture would have ${pictureWidth} x ${pictureHeight} pixels; ` +
      `give a smaller scale, for at most ${MAX_PIXELS} pixels.`,
  );
  const canvas = new Canvas(pictureWidth, pictureHeight, background);
  for (const [i, tile] of tiles.entries()) {
    const [top, left] = [GAP + Math.floor(i / columns) * tall, GAP + (i % columns) * wide];
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++)
        canvas.set(left + x, top + y, tile.color(Math.floor(y / scale), Math.floor(x / scale)));
  }
  return { width: canvas.width, height: canvas.height, data: canvas.data };
}

/** Values as colours: from the least, black, to the largest, light. */
export function tileOf(values: ArrayLike<number>, height: number, width: number): Tile {
  const list = Array.from(values);
  const least = list.reduce((a, b) => Math.min(a, b));
  const range = list.reduce((a, b) => Math.max(a, b)) - least || 1;
  return {
    height,
    width,
    color: (y, x) => colorOf('inferno', (list[y * width + x]! - least) / range),
  };
}
