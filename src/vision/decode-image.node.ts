import { readFile } from '#read-file';
import { stat } from 'node:fs/promises';
import { ArgumentError } from '../core/errors.js';
import { notInstalled } from '../core/not-installed.js';
import {
  asRgbImage,
  checkAddress,
  checkFormat,
  encodedLimits,
  MAX_PIXELS,
  nameOf,
  noImage,
  undecodable,
  type ImageSource,
  type RgbImage,
} from './image.js';
import { mayBeCmyk, type ImageFormat } from './image-format.js';

/** The formats that `decodeImage` reads. */
export const decodedFormats: ReadonlySet<ImageFormat> = new Set([
  'JPEG',
  'PNG',
  'WebP',
  'GIF',
  'AVIF',
  'TIFF',
]);

/** Images that are decoded at a time, since each may be large. Node has four threads for them unless UV_THREADPOOL_SIZE says more. */
export const decodedAtOnce = 16;

/**
 * Decodes an image: JPEG, PNG, WebP, GIF, AVIF or TIFF, of several frames or pages the first. It is turned as its EXIF
 * orientation says; alpha is dropped (what is transparent in a GIF is black), grey becomes three equal channels, 16 bits
 * become 8. A colour profile is ignored, as by Pillow, so that the network sees the numbers that it was trained on.
 * @throws Error where sharp is not installed, or the image cannot be read or decoded, or has more than 2^27 pixels; it
 * names the image.
 */
export async function decodeImage(source: ImageSource): Promise<RgbImage> {
  const picture = asRgbImage(source);
  if (picture) return picture;
  const bytes = await encodedBytes(source);
  checkFormat(nameOf(source), bytes, decodedFormats);
  const { default: sharp } = await loadSharp();
  try {
    const image = sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: MAX_PIXELS });
    const isCmyk = mayBeCmyk(bytes) && (await image.metadata()).space === 'cmyk';
    if (isCmyk) image.pipelineColourspace('cmyk');
    const { data, info } = await image
      .autoOrient()
      .toColourspace(isCmyk ? 'cmyk' : 'srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: isCmyk ? cmykToRgb(data) : data };
  } catch (error) {
    throw undecodable(nameOf(source), error, decodedFormats);
  }
}

/** Colour is what the inks leave of white, as in Pillow: (255 - c)(255 - k) / 255, rounded as there. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const light = 255 - cmyk[from + 3]!;
    for (let c = 0; c < 3; c++) rgb[to++] = light - Math.round((cmyk[from + c]! * light) / 255);
  }
  return rgb;
}

async function encodedBytes(source: ImageSource): Promise<Uint8Array> {
  if (typeof source === 'string' || source instanceof URL) return readImage(source);
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  throw noImage(source);
}

async function readImage(source: string | URL): Promise<Uint8Array> {
  checkAddress(source);
  try {
    return await readFile(source, encodedLimits(source, decodedFormats));
  } catch (error) {
    const isFolder = await stat(source)
      .then((stats) => stats.isDirectory())
      .catch(() => false);
    if (!isFolder) throw error;
    const message = `${String(source)} is a folder; give an image in it, or evaluate all of it by folderDataset and evaluate.`;
    throw new ArgumentError(message, { cause: error });
  }
}

async function loadSharp() {
  try {
    // The comments tell bundlers for servers to leave it to Node.
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'sharp');
  } catch (error) {
    throw notInstalled('Decoding images in Node takes sharp', 'sharp', error);
  }
}
