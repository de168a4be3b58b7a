import type { RgbImage } from '../../vision/image.js';

/** Values of an image or of one layer, rows from the top, channels of a pixel next to each other. */
export interface Layer {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** A layer of other values. */
export function layerOf({ width, height, channels }: Omit<Layer, 'data'>, data: Float32Array): Layer {
  return { width, height, channels, data };
}

/** The colours of an image from 0 to 1. */
export function unitColors({ width, height, data }: RgbImage): Layer {
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = data[i]! / 255;
  return { width, height, channels: 3, data: out };
}

/** Colours from 0 to 1 as an image, rounded to the nearest byte; what is below or above is cut. */
export function toImage({ width, height, data }: Layer): RgbImage {
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    bytes[i] = value <= 0 ? 0 : value >= 1 ? 255 : value * 255 + 0.5;
  }
  return { width, height, data: bytes };
}

/** The top left part of a layer. */
export function cropped(layer: Layer, width: number, height: number): Layer {
  const { channels } = layer;
  const data = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = y * layer.width * channels;
    data.set(layer.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}
