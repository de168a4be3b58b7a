import { check, checkOptions } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { RgbImage } from '../image.js';
import type { Augmentation } from './augmentation.js';
import { extrapolate, luma } from './blend.js';

/** Multiplies all values: 0 is black, 1 the image itself. As torchvision's adjust_brightness. */
export function adjustBrightness(image: RgbImage, factor: number): RgbImage {
  return extrapolate(image, factor, () => 0);
}

/** Moves all values away from the image's mean luma: 0 is all grey, 1 the image itself. As torchvision's adjust_contrast. */
export function adjustContrast(image: RgbImage, factor: number): RgbImage {
  const { data } = image;
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += luma(data, i);
  const mean = Math.floor(sum / (data.length / 3) + 0.5);
  return extrapolate(image, factor, () => mean);
}

/** Moves each pixel away from its luma: 0 is grey, 1 the image itself. As torchvision's adjust_saturation. */
export function adjustSaturation(image: RgbImage, factor: number): RgbImage {
  return extrapolate(image, factor, (place, channel) => luma(image.data, place - channel));
}

/** Moves the image away from a smoothed one: 0 is smooth, 1 the image itself. As torchvision's adjust_sharpness. */
export function adjustSharpness(image: RgbImage, factor: number): RgbImage {
  const smooth = smoothed(image);
  return extrapolate(image, factor, (place) => smooth[place]!);
}

/** Each pixel five times and its eight neighbours once; the border stays. As PIL's ImageFilter.SMOOTH. */
function smoothed({ width, height, data }: RgbImage): Uint8Array {
  const out = Uint8Array.from(data);
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      let sum = 4 * data[i]!;
      for (const line of [i - row, i, i + row]) sum += data[line - 3]! + data[line]! + data[line + 3]!;
      out[i] = sum / 13 + 0.5;
    }
  }
  return out;
}

/**
 * Turns the hue of every pixel by this share of the circle. As torchvision's adjust_hue, by way of PIL's HSV of bytes, which
 * changes colours a little even where the shift is 0.
 * @param shift - From -0.5 to 0.5.
 */
export function adjustHue({ width, height, data }: RgbImage, shift: number): RgbImage {
  const turn = Math.trunc(shift * 255);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    const most = Math.max(r, g, b);
    const range = most - Math.min(r, g, b);
    const saturation = range === 0 ? 0 : Math.trunc(fround(range / most) * 255);
    const hue = (hueOf(r, g, b, most, range) + turn) & 255;
    writeHsv(out, i, hue, saturation, most);
  }
  return { width, height, data: out };
}

const { fround } = Math;

/** The hue as a byte. As PIL's convert('HSV'), its float32 steps included. */
function hueOf(r: number, g: number, b: number, most: number, range: number): number {
  if (range === 0) return 0;
  const rc = fround((most - r) / range);
  const gc = fround((most - g) / range);
  const bc = fround((most - b) / range);
  let sector = fround(4 + gc - rc);
  if (r === most) sector = fround(bc - gc);
  else if (g === most) sector = fround(2 + rc - bc);
  const turns = sector / 6 + 1; // From 5/6 to 11/6, of which the whole turn goes; % is slow.
  return Math.trunc(fround(turns < 1 ? turns : turns - 1) * 255);
}

/** Writes a pixel of HSV as RGB. As PIL's convert('RGB'). */
function writeHsv(out: Uint8Array, place: number, h: number, s: number, v: number): void {
  const sector = Math.floor((h * 6) / 255);
  const f = fround((h * 6) / 255 - sector);
  const fs = fround(s / 255);
  const p = Math.round(fround(v * (1 - fs)));
  const q = Math.round(fround(v * (1 - fround(fs * f))));
  const t = Math.round(fround(v * (1 - fs * (1 - f))));
  const write = (r: number, g: number, b: number) => {
    out[place] = r;
    out[place + 1] = g;
    out[place + 2] = b;
  };
  if (s === 0) return write(v, v, v);
  switch (sector % 6) {
    case 0:
      return write(v, t, p);
    case 1:
      return write(q, v, p);
    case 2:
      return write(p, v, t);
    case 3:
      return write(p, q, v);
    case 4:
      return write(t, p, v);
    default:
      return write(v, p, q);
  }
}

/** Options of {@link colorJitter}: how far from 1 a factor may be, and from 0 the turn of the hue. */
export interface ColorJitterOptions {
  /** Default 0. */
  readonly brightness?: number;
  /** Default 0. */
  readonly contrast?: number;
  /** Default 0. */
  readonly saturation?: number;
  /** At most 0.5. Default 0. */
  readonly hue?: number;
}

/**
 * Changes brightness, contrast, saturation and hue by random factors in a random order. As
 * torchvision.transforms.ColorJitter.
 * @throws ArgumentError where an option is negative, or `hue` above 0.5.
 */
export function colorJitter(options: ColorJitterOptions): Augmentation {
  checkOptions('colorJitter', options, { brightness: true, contrast: true, saturation: true, hue: true });
  const { brightness = 0, contrast = 0, saturation = 0, hue = 0 } = options;
  for (const [name, value] of Object.entries({ brightness, contrast, saturation, hue })) {
    const limit = name === 'hue' ? 0.5 : Infinity;
    check(
      value >= 0 && value <= limit && value < Infinity,
      () => `${name} is ${value}; give a number of at least 0${name === 'hue' ? ' and at most 0.5' : ''}.`,
    );
  }
  const around = (spread: number, random: Random) => random.uniform(Math.max(0, 1 - spread), 1 + spread);
  const changes: Augmentation[] = [
    ...(brightness > 0 ? [change(adjustBrightness, (random) => around(brightness, random))] : []),
    ...(contrast > 0 ? [change(adjustContrast, (random) => around(contrast, random))] : []),
    ...(saturation > 0 ? [change(adjustSaturation, (random) => around(saturation, random))] : []),
    ...(hue > 0 ? [change(adjustHue, (random) => random.uniform(-hue, hue))] : []),
  ];
  return (image, random) => {
    const left = [...changes];
    let result = image;
    while (left.length > 0) result = left.splice(random.integer(left.length), 1)[0]!(result, random);
    return result;
  };
}

function change(
  adjust: (image: RgbImage, factor: number) => RgbImage,
  factor: (random: Random) => number,
): Augmentation {
  return (image, random) => adjust(image, factor(random));
}
