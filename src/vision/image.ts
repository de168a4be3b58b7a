import { shownUrl } from '../core/shown-url.js';

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

/** What to call an image in a message: its path or URL, if it has one. */
export function nameOf(source: ImageSource): string {
  if (typeof source !== 'string' && !(source instanceof URL)) return 'The image';
  return shownUrl(source);
}

/** The error where an image cannot be decoded. */
export function undecodable(name: string, cause: unknown): Error {
  // Decoders tell more on further lines, such as what they tried.
  const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return new Error(
    `${name} cannot be decoded (${reason}). Give a whole JPEG, PNG, WebP or GIF of at most ${MAX_PIXELS} pixels.`,
    { cause },
  );
}

/** The error where something is none of an {@link ImageSource}. */
export function noImage(): Error {
  return new Error('This image is of no known kind; give a path, a URL, bytes, or { width, height, data }.');
}

/** What is wrong with a HEIC file, where it cannot be decoded. */
export const HEIC = 'it is HEIC, as iPhones write it, which is not read here; convert it to JPEG';

/** Whether bytes begin as HEIC files do: a box `ftyp` with a brand of HEVC. */
export function isHeic(bytes: Uint8Array): boolean {
  return /^ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/.test(new TextDecoder('latin1').decode(bytes.subarray(4, 12)));
}

/**
 * The picture itself where `source` is one already, its alpha dropped; undefined where it has to be decoded.
 * @throws Error where the size of `data` is neither that of RGB nor of RGBA.
 */
export function asRgbImage(source: ImageSource): RgbImage | undefined {
  if (typeof source !== 'object' || source === null || !('data' in source)) return undefined;
  const { width, height, data } = source as RgbImage;
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1))
    throw new Error(`An image is ${width} x ${height} pixels; give whole numbers of at least 1.`);
  if (data.length === width * height * 3) return { width, height, data };
  if (data.length !== width * height * 4) {
    throw new Error(
      `An image of ${width} x ${height} pixels has ${data.length} values; give 3 (RGB) or 4 (RGBA) a pixel.`,
    );
  }
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
