import type { RgbImage } from '../image.js';

/**
 * from + factor * (image - from), value by value, cut off to bytes and rounded down: beyond the image where the factor is
 * above 1. As PIL's Image.blend, which computes in float32.
 */
export function extrapolate(
  image: RgbImage,
  factor: number,
  from: (place: number, channel: number) => number,
): RgbImage {
  const { width, height, data } = image;
  const alpha = Math.fround(factor);
  const out = new Uint8Array(data.length);
  for (let i = 0, channel = 0; i < out.length; i++) {
    const a = from(i, channel);
    const value = Math.fround(a + Math.fround(alpha * (data[i]! - a)));
    out[i] = value <= 0 ? 0 : Math.min(255, value);
    channel = channel === 2 ? 0 : channel + 1;
  }
  return { width, height, data: out };
}

/** The luma of a pixel that begins at a place, by ITU-R 601, as PIL's convert('L'). */
export function luma(data: RgbImage['data'], place: number): number {
  return (data[place]! * 19595 + data[place + 1]! * 38470 + data[place + 2]! * 7471 + 0x8000) >> 16;
}
