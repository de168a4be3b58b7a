import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RgbImage } from '../../src/vision/image.js';
import { readGolden, ruleValues } from '../helpers/golden.js';

type Interpolation = 'nearest' | 'bilinear' | 'bicubic';
type Size = [height: number, width: number];

interface Golden {
  decoded: Record<string, { height: number; width: number; data: string }>;
  resized: { from: Size; to: Size; interpolation: Interpolation; spread: number[]; sha256: string }[];
  /** `data` is base64. */
  hardEdges: { from: Size; to: Size; interpolation: Interpolation; data: string }[];
  crops: { from: Size; resize: number; size: number; interpolation: Interpolation; sha256: string }[];
  preprocessed: {
    model: string;
    image: Size;
    shape: [number, number, number];
    mean: number;
    std: number;
    spread: number[];
  }[];
  photos: { file: string; decoded: string; bilinear: string; bicubic: string }[];
}

/** What Pillow and torchvision make of images, by test/golden/vision.py. */
export const golden = readGolden<Golden>('vision.json');

/** The path of one of the images that vision.py drew. */
export function imageFile(name: string): string {
  return join(__dirname, '..', 'golden', 'images', name);
}

/** The pixels that Pillow decodes of it. */
export function expectedPixels(name: string): RgbImage {
  const { height, width, data } = golden.decoded[name]!;
  return { height, width, data: new Uint8Array(Buffer.from(data, 'base64')) };
}

/** The image of vision.py of this size, filled by the rule. */
export function ruleImage(height: number, width: number): RgbImage {
  const values = ruleValues(`${height}x${width}`, height * width * 3);
  return { height, width, data: Uint8Array.from(values, (v) => Math.floor(128 * (v + 1))) };
}

export function sha256({ data }: RgbImage): string {
  return createHash('sha256').update(data).digest('hex');
}
