import { readFile } from '#read-file';
import { asRgbImage, type ImageSource, type RgbImage } from './image.js';

/**
 * The largest picture that is decoded, in pixels: 400 MB of colours. A small file may claim any size, and is refused
 * before its pixels take memory.
 */
const MAX_PIXELS = 2 ** 27;

/**
 * Decodes an image: JPEG, PNG, WebP, GIF (its first frame) and whatever else sharp reads. It is turned as its EXIF
 * orientation says; alpha is dropped, grey becomes three equal channels, 16 bits become 8. A colour profile is ignored, as
 * by PIL, so that the network sees the numbers that it was trained on; only CMYK is converted by a profile.
 * @throws Error where sharp is not installed, or the image cannot be read or decoded, or has more than 2^27 pixels; it
 * names the image.
 */
export async function decodeImage(source: ImageSource): Promise<RgbImage> {
  const picture = asRgbImage(source);
  if (picture) return picture;
  const name = typeof source === 'string' || source instanceof URL ? String(source) : 'The image';
  const bytes = await encodedBytes(source);
  const { default: sharp } = await loadSharp();
  try {
    const { data, info } = await sharp(bytes, {
      failOn: 'error',
      ignoreIcc: true,
      limitInputPixels: MAX_PIXELS,
    })
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw new Error(
      `${name} cannot be decoded (${(error as Error).message}). Give a whole JPEG, PNG, WebP or GIF of at most ` +
        `${MAX_PIXELS} pixels.`,
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
