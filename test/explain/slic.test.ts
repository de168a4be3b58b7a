import { slic } from '../../src/explain/slic.js';
import type { RgbImage } from '../../src/vision/image.js';
import { readGolden, ruleValues } from '../helpers/golden.js';

interface Case {
  readonly height: number;
  readonly width: number;
  readonly count: number;
  readonly compactness: number;
  readonly labels: string;
}

const { cases } = readGolden<{ cases: Case[] }>('slic.json');

/** The picture of test/golden/slic.py. */
function picture(height: number, width: number): RgbImage {
  const columns = Math.floor(width / 8) + 1;
  const coarse = ruleValues('coarse', (Math.floor(height / 8) + 1) * columns * 3);
  const fine = ruleValues('fine', height * width * 3);
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3];
    const large = coarse[(Math.floor(y / 8) * columns + Math.floor(x / 8)) * 3 + c]!;
    return Math.floor(127.5 + 100 * large + 27 * fine[i]!);
  });
  return { height, width, data };
}

test.each(cases)(
  "is scikit-image's: $height x $width, $count, $compactness",
  ({ labels, height, width, ...options }) => {
    const { count, compactness } = options;
    const found = slic(picture(height, width), { count, compactness });
    const expected = Int32Array.from(labels, (character) => character.charCodeAt(0) - 48);
    expect(found).toEqual(expected);
  },
);

test('one colour gives squares, and one superpixel is the image', () => {
  const plain = { height: 12, width: 12, data: new Uint8Array(432).fill(9) };
  expect(new Set(slic(plain, { count: 9 })).size).toBe(9);
  expect(new Set(slic(plain, { count: 1 }))).toEqual(new Set([0]));
});

test.each([
  [{ count: 0 }, /count is 0/],
  [{ compactness: 0 }, /compactness is 0/],
  [{ segments: 3 } as object, /no option segments/],
])('refuses %o', (options, message) => {
  expect(() => slic(picture(9, 9), options)).toThrow(message);
});
