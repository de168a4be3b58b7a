import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { mayBeCmyk } from '../../src/vision/image-format.js';
import { imageFile } from './golden-vision.js';

describe('mayBeCmyk', () => {
  const photos = readdirSync(dirname(imageFile('cmyk.jpg'))).filter((name) => name.endsWith('.jpg'));

  test.each(photos)('%s: as libvips says', async (name) => {
    const bytes = new Uint8Array(readFileSync(imageFile(name)));
    expect(mayBeCmyk(bytes)).toBe((await sharp(bytes).metadata()).space === 'cmyk');
  });

  test('a JPEG whose markers have bytes before them, or which says nothing', () => {
    const frame = (components: number) => [0xc0, 0, 17, 8, 0, 1, 0, 1, components];
    const jpeg = (...bytes: number[]) => Uint8Array.of(0xff, 0xd8, 0xff, ...bytes);
    const comment = [0xfe, 0, 4, 0xff, 0xc0];
    expect(mayBeCmyk(jpeg(...comment, 0xff, 0xff, 0xff, ...frame(3)))).toBe(false);
    expect(mayBeCmyk(jpeg(...comment, 0xff, 0xff, 0xff, ...frame(4)))).toBe(true);
    expect(mayBeCmyk(jpeg(...comment))).toBe(true);
  });

  test('of other formats only TIFF', async () => {
    const image = () => sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } });
    for (const format of ['png', 'webp', 'gif', 'tiff'] as const) {
      expect(mayBeCmyk(await image()[format]().toBuffer())).toBe(format === 'tiff');
    }
  });
});
