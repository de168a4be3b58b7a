import { readFile } from '#read-file';
import { asRgbImage, type ImageSource, type RgbImage } from './image.js';

/**
 * Decodes an image: JPEG, PNG, WebP, GIF (its first frame) and whatever else sharp reads. It is turned as its EXIF
 * orientation says; alpha is dropped, grey becomes three equal channels.
 * @throws Error where sharp is not installed, or the image cannot be read or decoded; it names the image.
 */
export async function decodeImage(source: ImageSource): Promise<RgbImage> {
  const picture = asRgbImage(source);
  if (picture) return picture;
  const name = typeof source === 'string' || source instanceof URL ? String(source) : 'The image';
  const bytes = await encodedBytes(source);
  const { default: sharp } = await loadSharp();
  try {
    const image = sharp(bytes, { failOn: 'error' }).rotate().toColourspace('srgb').removeAlpha();
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    if (info.channels === 3) return { width: info.width, height: info.height, data };
    return {
      width: info.width,
      height: info.height,
      data: new Uint8Array(data.length * 3).map((_, i) => data[Math.floor(i / 3)]!),
    };
  } catch (error) {
    throw new Error(
      `${name} cannot be decoded (${(error as Error).message}). Give a JPEG, PNG, WebP or GIF.`,
      { cause: error },
    );
  }
}

async function encodedBytes(source: ImageSource): Promise<Uint8Array> {
  if (typeof source === 'string' || source instanceof URL) return readFile(source);
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  throw new Error('This image is of no known kind; give a path, a URL, bytes, or { width, height, data }.');
}

async function loadSharp() {
  try {
    return await import('sharp');
  } catch (error) {
    throw new Error('Decoding images in Node takes sharp, which is not installed: npm install sharp', {
      cause: error,
    });
  }
}
