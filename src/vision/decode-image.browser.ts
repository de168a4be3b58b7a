import { readFile } from '#read-file';
import { asRgbImage, dropAlpha, type BrowserImage, type ImageSource, type RgbImage } from './image.js';

/**
 * Decodes an image, whatever the browser reads, or takes the pixels of an element. It is turned as its EXIF orientation
 * says; alpha is dropped, and what is wholly transparent is black. A colour profile is ignored.
 * @throws Error where the image cannot be fetched or decoded.
 */
export async function decodeImage(source: ImageSource): Promise<RgbImage> {
  const picture = asRgbImage(source);
  if (picture) return picture;
  const bitmap = await createImageBitmap(await decodable(source), {
    imageOrientation: 'from-image',
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return dropAlpha(context.getImageData(0, 0, width, height).data, width, height);
}

async function decodable(source: ImageSource): Promise<Blob | BrowserImage> {
  if (typeof source === 'string' || source instanceof URL) return new Blob([await bytesOf(source)]);
  if (source instanceof Uint8Array || source instanceof ArrayBuffer)
    return new Blob([source as Uint8Array<ArrayBuffer>]);
  return source as Blob | BrowserImage;
}

async function bytesOf(source: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  return (await readFile(source)) as Uint8Array<ArrayBuffer>;
}
