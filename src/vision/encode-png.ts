import { concatenate } from '../core/concatenate.js';
import { crc32 } from '../core/crc32.js';
import { asRgbImage, noImage, type RgbImage } from './image.js';

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const TRUE_COLOR = 2;

/**
 * A picture as a PNG file, in Node and in browsers.
 * @throws ArgumentError where it is no picture in memory.
 */
export async function encodePng(image: RgbImage): Promise<Uint8Array<ArrayBuffer>> {
  const picture = asRgbImage(image);
  if (!picture) throw noImage(image);
  const { width, height, data } = picture;
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // Bits a channel.
  header.setUint8(9, TRUE_COLOR);
  const row = width * 3;
  const rows = new Uint8Array(height * (1 + row));
  // The first byte of a row says how it is filtered: 0 is not at all.
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * row, (y + 1) * row), y * (1 + row) + 1);
  const compressed = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const pixels = new Uint8Array(await new Response(compressed).arrayBuffer());
  return concatenate([
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', pixels),
    chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(name: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)) >>> 0);
  return bytes;
}
