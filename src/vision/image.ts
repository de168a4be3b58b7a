import type * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, check, shown } from '../core/errors.js';
import { shownUrl } from '../core/shown-url.js';
import { HEAD_BYTES, imageFormat, type ImageFormat } from './image-format.js';

/** A picture in memory: rows from the top, three bytes a pixel. */
export interface RgbImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** height * width * 3 values, red, green and blue of each pixel. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** What a browser can draw. */
export type BrowserImage =
  HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | HTMLVideoElement;

/**
 * What is taken for an image: a path (in Node) or a URL, the bytes of an encoded file, a decoded picture, `ImageData`,
 * or in browsers an element that can be drawn.
 */
export type ImageSource =
  string | URL | Uint8Array | ArrayBuffer | Blob | RgbImage | ImageData | BrowserImage;

/**
 * The largest picture that is decoded, in pixels: 400 MB of colours. A small file may claim any size, and is refused
 * before its pixels take memory.
 */
export const MAX_PIXELS = 2 ** 27;

/** The largest encoded image that is read, in bytes. */
export const MAX_FILE_BYTES = 2 ** 28;

/** What to call an image in a message: its path or URL, if it has one. */
export function nameOf(source: ImageSource): string {
  if (typeof source !== 'string' && !(source instanceof URL)) return 'The image';
  return shownUrl(source);
}

/** One or several images as an array. */
export function imageList(images: ImageSource | readonly ImageSource[]): readonly ImageSource[] {
  return Array.isArray(images) ? (images as readonly ImageSource[]) : [images as ImageSource];
}

/**
 * Checks the address of an image.
 * @throws ArgumentError where it is a URL that lacks its slashes, which could as well be the name of a file.
 */
export function checkAddress(source: string | URL): void {
  check(String(source) !== '', () => 'The path of an image is empty; give a path or a URL.');
  check(
    !/^https?:(?!\/\/)/i.test(String(source)),
    () => `'${nameOf(source)}' is no whole URL; write '://' after http, or './' before the name of a file.`,
  );
}

/**
 * Checks the format of an image by how its bytes begin, before a decoder sees it: an SVG may name other files, and grow
 * without limit.
 * @throws Error where it is none of `decoded`.
 */
export function checkFormat(name: string, bytes: Uint8Array, decoded: ReadonlySet<ImageFormat>): void {
  const format = imageFormat(bytes);
  if (format && decoded.has(format)) return;
  const what = bytes.length === 0 ? 'it is empty' : `it is ${format ?? 'of no known format'}`;
  throw undecodable(name, format === 'HEIC' ? HEIC : what, decoded);
}

/** How the file of an image is read: no more than {@link MAX_FILE_BYTES}, and of a URL nothing after a begin of no image. */
export function encodedLimits(source: string | URL, decoded: ReadonlySet<ImageFormat>) {
  const checkHead = (head: Uint8Array) => {
    // The first bytes to come may be too few to tell.
    if (head.length >= HEAD_BYTES) checkFormat(nameOf(source), head, decoded);
  };
  return { maxBytes: MAX_FILE_BYTES, checkHead };
}

/** The error where an image cannot be decoded. */
export function undecodable(name: string, cause: unknown, decoded: ReadonlySet<ImageFormat>): Error {
  // Decoders tell more on further lines, such as what they tried.
  const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return new Error(
    `${name} cannot be decoded (${reason}). Give a whole ${[...decoded].join(', ')} of at most ${MAX_PIXELS} pixels.`,
    { cause },
  );
}

/** Whether it is a tensor, of whatever copy of tfjs. */
export function isTensor(value: unknown): value is tf.Tensor {
  return typeof value === 'object' && value !== null && 'dataSync' in value;
}

/** The error where something is none of an {@link ImageSource}. */
export function noImage(source: unknown): Error {
  const what = isTensor(source) ? 'a tensor, which preprocessInput takes' : shown(source);
  return new ArgumentError(
    `An image is ${what}; give a path, a URL, bytes, a Blob, or { width, height, data }.`,
  );
}

/** What is wrong with a HEIC file, where it cannot be decoded. */
const HEIC = 'it is HEIC, as iPhones write it, which is not read here; convert it to JPEG';

/**
 * The picture itself where `source` is one already, its alpha dropped; undefined where it has to be decoded.
 * @throws ArgumentError where the size of `data` is neither that of RGB nor of RGBA.
 */
export function asRgbImage(source: ImageSource): RgbImage | undefined {
  if (typeof source !== 'object' || source === null || !('data' in source) || isTensor(source))
    return undefined;
  const { width, height, data } = source as RgbImage;
  check(
    [width, height].every((side) => Number.isInteger(side) && side >= 1),
    () => `An image is ${width} x ${height} pixels; give whole numbers of at least 1.`,
  );
  const kind = Object.prototype.toString.call(data).slice(8, -1);
  check(
    kind === 'Uint8Array' || kind === 'Uint8ClampedArray',
    () => `The data of an image is ${shown(data)}; give a Uint8Array of values from 0 to 255.`,
  );
  if (data.length === width * height * 3) return { width, height, data };
  check(
    data.length === width * height * 4,
    () =>
      `An image of ${width} x ${height} pixels has ${data.length} values; give 3 (RGB) or 4 (RGBA) a pixel.`,
  );
  return dropAlpha(data, width, height);
}

/** The colours of RGBA pixels as they are, not blended with anything, as PIL's convert('RGB'). */
export function dropAlpha(rgba: ArrayLike<number>, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from]!;
    data[to + 1] = rgba[from + 1]!;
    data[to + 2] = rgba[from + 2]!;
  }
  return { width, height, data };
}
