import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import * as tf from '@tensorflow/tfjs-core';
import '#backends';
import { decodeImage } from '../../src/vision/decode-image.node.js';
import type { ImageSource, RgbImage } from '../../src/vision/image.js';
import { resizeAndCrop } from '../../src/vision/resize.js';
import { describeWithShared, sharedFile } from '../helpers/shared.js';
import { expectedPixels, golden, imageFile, sha256 } from './golden-vision.js';

function expectSame(actual: RgbImage, expected: RgbImage): void {
  expect([actual.height, actual.width]).toEqual([expected.height, expected.width]);
  expect(Buffer.from(actual.data).equals(Buffer.from(expected.data))).toBe(true);
}

test.each(Object.keys(golden.decoded))('%s has the pixels that Pillow decodes', async (name) => {
  expectSame(await decodeImage(imageFile(name)), expectedPixels(name));
});

describe('sources', () => {
  const name = 'baseline.jpg';
  const path = imageFile(name);
  const bytes = readFileSync(path);

  test.each<[string, ImageSource]>([
    ['a path', path],
    ['a file URL', pathToFileURL(path)],
    ['a file URL as a string', pathToFileURL(path).href],
    ['a data URL', `data:image/jpeg;base64,${bytes.toString('base64')}`],
    ['a Buffer', bytes],
    ['an ArrayBuffer', Uint8Array.from(bytes).buffer],
    ['a Blob', new Blob([bytes])],
    ['pixels', expectedPixels(name)],
    ['RGBA pixels', withAlpha(expectedPixels(name))],
  ])('%s', async (_, source) => {
    expectSame(await decodeImage(source), expectedPixels(name));
  });

  describe('a web server', () => {
    let server: Server;
    let origin: string;

    beforeAll(async () => {
      server = createServer((request, response) => {
        if (request.url === '/image.jpg') response.end(bytes);
        else response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    afterAll(() => server.close());

    test('gives an image', async () => {
      expectSame(await decodeImage(`${origin}/image.jpg`), expectedPixels(name));
      expectSame(await decodeImage(new URL(`${origin}/image.jpg`)), expectedPixels(name));
    });

    test('has no such image', async () => {
      await expect(decodeImage(`${origin}/other.jpg`)).rejects.toThrow(
        `${origin}/other.jpg cannot be fetched`,
      );
      await expect(decodeImage(`${origin}/other.jpg`)).rejects.toThrow('404');
    });
  });

  test('no server', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.jpg`;
    await new Promise((resolve) => server.close(resolve));
    await expect(decodeImage(url)).rejects.toThrow(`${url} cannot be fetched: connect ECONNREFUSED`);
  });

  test('no file', async () => {
    await expect(decodeImage('no/such/cat.jpg')).rejects.toThrow(/no\/such\/cat\.jpg cannot be read.*ENOENT/);
  });

  test('a tensor', async () => {
    const tensor = tf.zeros([4, 4, 3]);
    await expect(decodeImage(tensor as unknown as ImageSource)).rejects.toThrow(
      /^An image is a tensor, which preprocessInput takes; give/,
    );
    tensor.dispose();
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /^An image is undefined; give a path, a URL, bytes/],
    ['null', null, /^An image is null; give a path/],
    ['a number', 7, /^An image is 7; give a path/],
    ['a promise of an image', Promise.resolve(path), /^An image is a promise \(await it\); give a path/],
    ['an array', [path], /^An image is an array; give a path/],
    ['an object', { url: path }, /^An image is an object; give a path/],
    [
      'a tensor',
      tf.tidy(() => tf.zeros([4, 4, 3])),
      /^An image is a tensor, which preprocessInput takes; give/,
    ],
    [
      'pixels from 0 to 1',
      { width: 1, height: 1, data: Float32Array.of(0, 0.5, 1) },
      /^The data of an image is an object \(Float32Array\); give a Uint8Array of values from 0 to 255/,
    ],
    ['pixels without data', { width: 1, height: 1, data: undefined }, /^The data of an image is undefined/],
    [
      'a folder',
      __dirname,
      /vision is a folder; give an image in it, or evaluate all of it by folderDataset/,
    ],
    [
      'a URL without slashes',
      'http:x.jpg',
      /^'http:x.jpg' is no whole URL; write ':\/\/' after http, or '.\/' before/,
    ],
    ['a URL without slashes, in capitals', 'HTTPS:/x.jpg', /^'HTTPS:\/x.jpg' is no whole URL/],
    [
      'pixels that are too few',
      { width: 4, height: 2, data: new Uint8Array(9) },
      /4 x 2 pixels has 9 values/,
    ],
    ['pixels of no size', { width: 0, height: 2, data: new Uint8Array(0) }, /0 x 2 pixels/],
    ['pixels of half a size', { width: 1.5, height: 2, data: new Uint8Array(9) }, /1.5 x 2 pixels/],
  ])('%s', async (_, source, message) => {
    await expect(decodeImage(source as ImageSource)).rejects.toThrow(message);
  });
});

describe('what is no image', () => {
  const jpeg = readFileSync(imageFile('baseline.jpg'));
  const png = readFileSync(imageFile('rgb.png'));

  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['text', Buffer.from('This is not an image.')],
    ['a truncated JPEG', jpeg.subarray(0, jpeg.length - 60)],
    ['the begin of a JPEG', jpeg.subarray(0, 30)],
    ['a truncated PNG', png.subarray(0, png.length - 60)],
    ['a PNG with a wrong byte', png.map((byte, i) => (i === png.length - 40 ? byte ^ 0xff : byte))],
  ])('%s', async (_, bytes) => {
    await expect(decodeImage(bytes)).rejects.toThrow(
      /^The image cannot be decoded \(.+\)\. Give a whole JPEG/,
    );
  });

  test('the error names the file', async () => {
    await expect(decodeImage(__filename)).rejects.toThrow(`${__filename} cannot be decoded`);
  });

  test('the error names the begin of a data URL', async () => {
    const url = `data:image/png;base64,${'A'.repeat(10_000)}`;
    const error = await decodeImage(url).catch((error: unknown) => error);
    expect((error as Error).message).toMatch(/^data:image\/png;base64,A+… cannot be decoded/);
    expect((error as Error).message.length).toBeLessThan(500);
  });

  test('a small file that claims to be huge is refused before it takes memory', async () => {
    const before = process.memoryUsage().rss;
    // 50,000 x 50,000 pixels would be 7.5 GB.
    await expect(decodeImage(hugePng(50_000))).rejects.toThrow(/pixel limit.*at most 134217728 pixels/);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });
});

describeWithShared('data/cifar10', 'photos', () => {
  test.each(golden.photos)(
    '$file, decoded, resized and cropped, is as Pillow and torchvision have it',
    async (photo) => {
      const image = await decodeImage(sharedFile('data/cifar10/images', photo.file));
      expect(sha256(image)).toBe(photo.decoded);
      for (const interpolation of ['bilinear', 'bicubic'] as const) {
        expect(sha256(resizeAndCrop(image, { resize: 256, size: 224, interpolation }))).toBe(
          photo[interpolation],
        );
      }
    },
  );
});

function withAlpha({ width, height, data }: RgbImage): RgbImage {
  const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? 7 : data[Math.floor(i / 4) * 3 + (i % 4)]!,
  );
  return { width, height, data: rgba };
}

/** A PNG of side x side pixels by its header, with next to no data. */
function hugePng(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe('formats', () => {
  const encoded = (format: 'tiff' | 'avif' | 'webp' | 'gif' | 'png') =>
    sharp({ create: { width: 5, height: 4, channels: 3, background: { r: 250, g: 120, b: 10 } } })
      .toFormat(format)
      .toBuffer();

  test.each(['tiff', 'avif', 'webp', 'gif', 'png'] as const)('%s is read', async (format) => {
    const { width, height, data } = await decodeImage(await encoded(format));
    expect([width, height]).toEqual([5, 4]);
    [250, 120, 10].forEach((value, c) => expect(Math.abs(data[c]! - value)).toBeLessThan(8));
  });

  test('of an animated GIF or WebP the first frame is read', async () => {
    const frame = (red: number) => Buffer.alloc(8 * 8 * 3, Buffer.of(red, 0, 0));
    const film = (quality: object) =>
      sharp(Buffer.concat([frame(255), frame(0)]), {
        raw: { width: 8, height: 16, channels: 3, pageHeight: 8 },
        ...quality,
      });
    for (const bytes of [
      await film({}).gif().toBuffer(),
      await film({}).webp({ lossless: true }).toBuffer(),
    ]) {
      expect((await sharp(bytes).metadata()).pages).toBe(2);
      const { width, height, data } = await decodeImage(bytes);
      expect([width, height, data[0]]).toEqual([8, 8, 255]);
    }
  });

  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';

  test.each([
    ['SVG', Buffer.from(svg)],
    ['SVG', Buffer.from(`\ufeff<?xml version="1.0"?>\n<!-- a -->${svg}`)],
    ['of no known format', gzipSync(svg)],
    ['of no known format', Buffer.from('%PDF-1.7')],
    ['BMP', Buffer.from('BM6\0\0\0\0\0\0\0', 'latin1')],
    ['it is empty', Buffer.alloc(0)],
  ])('%s is refused by its content, before a decoder sees it', async (format, bytes) => {
    await expect(decodeImage(bytes)).rejects.toThrow(format);
    await expect(decodeImage(bytes)).rejects.toThrow(
      /Give a whole JPEG, PNG, WebP, GIF, AVIF, TIFF of at most/,
    );
  });
});

test('bytes of a HEIC file, whatever its name, give the advice to convert it', async () => {
  const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic'), Buffer.alloc(500, 1)]);
  await expect(decodeImage(heic)).rejects.toThrow(
    /^The image cannot be decoded \(it is HEIC, as iPhones write it, which is not read here; convert it to JPEG\)/,
  );
});

describe('more bytes than an image has', () => {
  const photo = imageFile('baseline.jpg');

  test.each([
    ['nothing but holes', (path: string) => writeFileSync(path, '')],
    ['a JPEG before the holes', (path: string) => copyFileSync(photo, path)],
  ])('in a file of %s: refused before it is read', async (_, begin) => {
    const folder = mkdtempSync(join(tmpdir(), 'skipscale-image-'));
    const path = join(folder, 'x.jpg');
    begin(path);
    truncateSync(path, 1.9e9);
    const began = performance.now();
    await expect(decodeImage(path)).rejects.toThrow(
      `${path} is a file of 1900000000 bytes, and 268435456 are the limit.`,
    );
    expect(performance.now() - began).toBeLessThan(10_000);
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['of zeros: refused at its begin', Buffer.alloc(0), 'it is of no known format', 2 ** 24],
    ['that begins as a JPEG: cut off', readFileSync(photo), 'maxBytes is 268435456', 2 ** 29],
  ])('from an endless server, %s', async (_, begin, message, most) => {
    let sent = 0;
    const server = createServer((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(new Uint8Array(2 ** 16))) sent += 2 ** 16;
      };
      response.on('drain', more).write(begin);
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.jpg`;
    await expect(decodeImage(url)).rejects.toThrow(message);
    expect(sent).toBeLessThan(most);
    server.closeAllConnections();
    server.close();
  });
});

test('an empty path is refused in words', async () => {
  await expect(decodeImage('')).rejects.toThrow('The path of an image is empty; give a path or a URL.');
});
