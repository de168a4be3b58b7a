import type { RgbImage } from '../../vision/image.js';
import { kernelsWith, layOut } from '../../vision/simd/kernels.js';

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
  const { length } = data;
  const { at, end } = layOut({ bytes: length, values: length * 4 });
  const { memory, toUnits } = kernelsWith(end);
  new Uint8Array(memory.buffer, at.bytes).set(data);
  toUnits(at.bytes, length, at.values);
  return { width, height, channels: 3, data: new Float32Array(memory.buffer, at.values, length).slice() };
}

/** Colours from 0 to 1 as an image, rounded to the nearest byte; what is below or above is cut. */
export function toImage({ width, height, data }: Layer): RgbImage {
  const { length } = data;
  const { at, end } = layOut({ values: length * 4, bytes: length });
  const { memory, toBytes } = kernelsWith(end);
  new Float32Array(memory.buffer, at.values).set(data);
  toBytes(at.values, length, at.bytes);
  return { width, height, data: new Uint8Array(memory.buffer, at.bytes, length).slice() };
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

/** The levels of values from 0 to 1 as bytes, cut to whole numbers. */
export function wholeLevels(values: Float32Array): Uint8Array {
  const levels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) levels[i] = values[i]! * 255;
  return levels;
}

/** Makes values below a threshold 0. */
export function cutBelow(values: Float32Array, least: number): void {
  for (let i = 0; i < values.length; i++) if (values[i]! < least) values[i] = 0;
}
