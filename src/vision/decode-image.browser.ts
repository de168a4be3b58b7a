import { readFile } from '#read-file';
import {
  asRgbImage,
  checkAddress,
  checkFormat,
  dropAlpha,
  encodedLimits,
  MAX_PIXELS,
  nameOf,
  noImage,
  undecodable,
  type BrowserImage,
  type ImageSource,
  type RgbImage,
} from './image.js';
import { HEAD_BYTES, type ImageFormat } from './image-format.js';

/** The formats that every browser reads. */
export const decodedFormats: ReadonlySet<ImageFormat> = new Set([
  'JPEG',
  'PNG',
  'WebP',
  'GIF',
  'AVIF',
  'BMP',
  'ICO',
]);

/** Images that are decoded at a time, since each may be large and phones have little memory. */
export const decodedAtOnce = 4;

/**
 * Decodes an image, JPEG, PNG, WebP, GIF, AVIF, BMP or ICO, of several frames the first, or takes the pixels of an element. It is
 * turned as its EXIF orientation says, and a colour profile is ignored. Alpha is dropped; a browser's canvas keeps the colour of a
 * pixel the less exactly the more transparent it is, and that of a wholly transparent one is black.
 * @throws Error where the image cannot be fetched or decoded, or has more than 2^27 pixels.
 */
export async function decodeImage(source: ImageSource): Promise<RgbImage> {
  const picture = asRgbImage(source);
  if (picture) return picture;
  const image = await decodable(source);
  if (image instanceof Blob) {
    checkFormat(
      nameOf(source),
      new Uint8Array(await image.slice(0, HEAD_BYTES).arrayBuffer()),
      decodedFormats,
    );
  }
  try {
    if (isEmpty(image)) throw new Error('the element shows nothing yet; wait until it has loaded');
    const bitmap = await createImageBitmap(image, {
      imageOrientation: 'from-image',
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    });
    const { width, height } = bitmap;
    if (width * height > MAX_PIXELS) throw new Error(`it has ${width} x ${height} pixels`);
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return dropAlpha(context.getImageData(0, 0, width, height).data, width, height);
  } catch (error) {
    throw undecodable(nameOf(source), error, decodedFormats);
  }
}

/** Whether an element has no picture yet. */
function isEmpty(image: Blob | BrowserImage): boolean {
  if ('naturalWidth' in image) return image.naturalWidth === 0;
  return 'videoWidth' in image && image.videoWidth === 0;
}

async function decodable(source: ImageSource): Promise<Blob | BrowserImage> {
  if (typeof source === 'string' || source instanceof URL) {
    checkAddress(source);
    const bytes = await readFile(source, encodedLimits(source, decodedFormats));
    return new Blob([bytes as Uint8Array<ArrayBuffer>]);
  }
  if (source instanceof Uint8Array || source instanceof ArrayBuffer)
    return new Blob([source as Uint8Array<ArrayBuffer>]);
  if (typeof source !== 'object' || source === null) throw noImage(source);
  return source as Blob | BrowserImage;
}
