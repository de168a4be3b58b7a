import fc from 'fast-check';
import { resize, resizeAndCrop } from '../../src/vision/resize.js';
import { spread } from '../helpers/golden.js';
import { golden, ruleImage, sha256 } from './golden-vision.js';

describe('resize', () => {
  test.each(golden.resized)(
    '$interpolation $from to $to is the same as torchvision on a PIL image, byte for byte',
    ({ from, to, interpolation, spread: expected, sha256: digest }) => {
      const out = resize(ruleImage(...from), ...to, interpolation);
      expect([out.height, out.width]).toEqual(to);
      expect(spread(out.data, expected.length)).toEqual(expected);
      expect(sha256(out)).toBe(digest);
    },
  );

  test.each(golden.hardEdges)(
    '$interpolation $from to $to of black and white is the same as Pillow, byte for byte',
    ({ from: [height, width], to, interpolation, data }) => {
      const value = (i: number) => {
        const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
        return (3 * x + 5 * y + (i % 3)) % 7 < 3 ? 255 : 0;
      };
      const image = {
        height,
        width,
        data: Uint8Array.from({ length: height * width * 3 }, (_, i) => value(i)),
      };
      const expected = Uint8Array.from(Buffer.from(data, 'base64'));
      expect(resize(image, ...to, interpolation).data).toEqual(expected);
    },
  );

  test('keeps an image of one colour', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const colour = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 255 })));
    const interpolation = fc.constantFrom('nearest' as const, 'bilinear' as const, 'bicubic' as const);
    fc.assert(
      fc.property(side, side, side, side, colour, interpolation, (h, w, toH, toW, colour, interpolation) => {
        const data = Uint8Array.from({ length: h * w * 3 }, (_, i) => colour[i % 3]!);
        const out = resize({ height: h, width: w, data }, toH, toW, interpolation);
        expect(Array.from(out.data)).toEqual(Array.from({ length: toH * toW * 3 }, (_, i) => colour[i % 3]));
      }),
    );
  });
});

describe('resizeAndCrop', () => {
  test.each(golden.crops)(
    '$interpolation $from to $resize, cropped to $size, is the same as torchvision, byte for byte',
    ({ from, resize, size, interpolation, sha256: digest }) => {
      const out = resizeAndCrop(ruleImage(...from), { resize, size, interpolation });
      expect([out.height, out.width]).toEqual([size, size]);
      expect(sha256(out)).toBe(digest);
    },
  );

  test('cuts its square out of the whole resized image', () => {
    const side = fc.integer({ min: 1, max: 50 });
    const interpolation = fc.constantFrom('nearest' as const, 'bilinear' as const, 'bicubic' as const);
    fc.assert(
      fc.property(side, side, side, interpolation, (height, width, size, interpolation) => {
        const image = ruleImage(height, width);
        const short = Math.min(height, width);
        const long = (length: number) => Math.trunc((size * length) / short);
        const whole = resize(image, long(height), long(width), interpolation);
        const left = Math.floor((whole.width - size) / 2);
        const top = Math.floor((whole.height - size) / 2);
        const even = (whole.width - size) % 2 === 0 && (whole.height - size) % 2 === 0;
        fc.pre(even);
        const rows = Array.from({ length: size }, (_, y) => {
          const begin = ((top + y) * whole.width + left) * 3;
          return Array.from(whole.data.subarray(begin, begin + size * 3));
        });
        const out = resizeAndCrop(image, { resize: size, size, interpolation });
        expect(Array.from(out.data)).toEqual(rows.flat());
      }),
      { numRuns: 60 },
    );
  });

  test('makes the whole image the square where it is stretched', () => {
    const image = ruleImage(31, 64);
    const out = resizeAndCrop(image, { resize: 99, size: 20, interpolation: 'bicubic', stretch: true });
    expect(out).toEqual(resize(image, 20, 20, 'bicubic'));
  });

  test('takes little memory for an image of extreme proportions', () => {
    // Resized as a whole it would have 256 x 16,777,216 pixels.
    for (const [height, width] of [
      [1, 65536],
      [65536, 1],
    ] as const) {
      const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => Math.floor(i / 3) >> 8);
      const { data: out } = resizeAndCrop(
        { height, width, data },
        { resize: 256, size: 224, interpolation: 'bilinear' },
      );
      expect(out).toHaveLength(224 * 224 * 3);
      expect(new Set(out)).toEqual(new Set([127, 128]));
    }
  });
});
