import type { RgbImage } from '../vision/image.js';
import type { Rgb } from './colors.js';

/** Characters of three by five pixels, rows from the top. */
const glyphs: Readonly<Record<string, string>> = {
  '0': '111101101101111',
  '1': '010110010010111',
  '2': '111001111100111',
  '3': '111001111001111',
  '4': '101101111001001',
  '5': '111100111001111',
  '6': '111100111101111',
  '7': '111001001001001',
  '8': '111101111101111',
  '9': '111101111001111',
  '-': '000000111000000',
  '+': '000010111010000',
  '.': '000000000000010',
  e: '000111110100111',
};
const GLYPH = { width: 3, height: 5 };

/** How high numbers are that {@link Canvas.number} writes, in pixels. */
export const TEXT_HEIGHT = 2 * GLYPH.height;

/** A picture to draw in. */
export class Canvas implements RgbImage {
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
    background: Rgb,
  ) {
    this.data = Uint8Array.from({ length: width * height * 3 }, (_, i) => background[i % 3]!);
  }

  set(x: number, y: number, color: Rgb): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    this.data.set(color.map(Math.round), (y * this.width + x) * 3);
  }

  /** Writes a number, its upper left corner at x, y. */
  number(value: number, x: number, y: number, color: Rgb): void {
    for (const [place, character] of Array.from(shortened(value)).entries()) {
      const left = x + 2 * place * (GLYPH.width + 1);
      for (const [i, dot] of Array.from(glyphs[character]!).entries()) {
        if (dot === '0') continue;
        const [dx, dy] = [left + 2 * (i % GLYPH.width), y + 2 * Math.floor(i / GLYPH.width)];
        for (const [px, py] of [[0, 0], [1, 0], [0, 1], [1, 1]] as const) this.set(dx + px, dy + py, color); // prettier-ignore
      }
    }
  }
}

/** Two digits. */
function shortened(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 0.01 && size < 1000 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
}
