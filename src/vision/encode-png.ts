import { crc32 } from '../core/crc32.js';
import type { RgbImage } from './image.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A picture as the bytes of a PNG file of 8-bit colours, without loss. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  const { width, height } = image;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2], 8); // 8 bits, red, green and blue.
  const chunks = [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', await deflated(filtered(image))),
    chunk('IEND', new Uint8Array()),
  ];
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** The rows, each as its differences from the pixel to the left, which compress better: PNG's filter 1. */
function filtered({ width, height, data }: RgbImage): Uint8Array<ArrayBuffer> {
  const length = 3 * width;
  const rows = new Uint8Array(height * (length + 1));
  for (let y = 0; y < height; y++) {
    const to = y * (length + 1);
    rows[to] = 1;
    for (let i = 0; i < length; i++) {
      const from = y * length + i;
      rows[to + 1 + i] = data[from]! - (i < 3 ? 0 : data[from - 3]!);
    }
  }
  return rows;
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}
