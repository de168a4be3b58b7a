import fc from 'fast-check';
import type { RgbImage } from '../../../src/vision/image.js';
import { PRECISION, resample, type Window } from '../../../src/vision/simd/resample.js';

/** The definition: one direction after the other, sums of integers, rounded and clipped to bytes. */
function plainResample(image: RgbImage, columns: Window[], rows: Window[], downFirst: boolean): number[] {
  const pixel = (x: number, y: number, c: number) => image.data[(y * image.width + x) * 3 + c]!;
  const byte = (window: Window, at: (k: number) => number) => {
    const sum = window.weights.reduce((sum, w, k) => sum + w * at(window.start + k), 0);
    return Math.min(255, Math.max(0, Math.floor(sum / 2 ** PRECISION + 0.5)));
  };
  return rows.flatMap((row) =>
    columns.flatMap((column) =>
      [0, 1, 2].map((c) =>
        downFirst
          ? byte(column, (x) => byte(row, (y) => pixel(x, y, c)))
          : byte(row, (y) => byte(column, (x) => pixel(x, y, c))),
      ),
    ),
  );
}

/** The windows of a line of `length` pixels: their starts and ends go up. Their weights are any whose sums fit 32 bits. */
const windows = (length: number) => {
  const place = fc.integer({ min: 0, max: length - 1 });
  const pairs = fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 9 });
  const weights = fc.array(fc.integer({ min: -(2 ** 22), max: 2 ** 22 }), {
    minLength: length,
    maxLength: length,
  });
  return fc.tuple(pairs, weights).map(([pairs, weights]): Window[] => {
    const sorted = (side: 0 | 1) =>
      pairs.map((pair) => [...pair].sort((a, b) => a - b)[side]!).sort((a, b) => a - b);
    const [starts, lasts] = [sorted(0), sorted(1)];
    return starts.map((start, i) => {
      const some = weights.slice(0, lasts[i]! + 1 - start);
      const sum = some.reduce((sum, w) => sum + Math.abs(w), 0);
      const share = sum < 2 ** 23 ? 1 : 2 ** 23 / sum;
      return { start, weights: some.map((w) => Math.trunc(w * share)) };
    });
  });
};

const picture = (width: number, height: number) =>
  fc
    .array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 255)), {
      minLength: width * height * 3,
      maxLength: width * height * 3,
    })
    .map((values): RgbImage => ({ width, height, data: Uint8Array.from(values) }));

test('gives the same bytes as the definition, of any windows and pixels', () => {
  const side = fc.integer({ min: 1, max: 24 });
  const inputs = fc
    .tuple(side, side, fc.boolean())
    .chain(([width, height, downFirst]) =>
      fc.tuple(picture(width, height), windows(width), windows(height), fc.constant(downFirst)),
    );
  fc.assert(
    fc.property(inputs, ([image, columns, rows, downFirst]) => {
      expect(Array.from(resample(image, columns, rows, downFirst))).toEqual(
        plainResample(image, columns, rows, downFirst),
      );
    }),
  );
});

test('resamples a large picture in bands of rows, and a small one after it', () => {
  const sides = [
    [700, 1200],
    [3, 2],
    [5, 40_000],
  ] as const;
  for (const [width, height] of sides) {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) ^ (i >> 7));
    const halves = (length: number) =>
      Array.from({ length: 3 }, (_, i) => {
        const start = Math.floor(((length - 1) * i) / 3);
        return { start, weights: start + 1 < length ? [3 << 20, 1 << 20] : [1 << 22] };
      });
    for (const downFirst of [false, true]) {
      const image = { width, height, data };
      const expected = plainResample(image, halves(width), halves(height), downFirst);
      expect(Array.from(resample(image, halves(width), halves(height), downFirst))).toEqual(expected);
    }
  }
});

test('resamples a picture whose memory is not kept', () => {
  const [width, height] = [3000, 4000];
  const data = new Uint8Array(width * height * 3).fill(9);
  data.fill(200, 0, width * 3);
  const columns = [{ start: 0, weights: [1 << 22] }];
  const rows = [
    { start: 0, weights: [1 << 21, 1 << 21] },
    { start: height - 1, weights: [1 << 22] },
  ];
  const wide = [...columns, { start: width - 1, weights: [1 << 22] }];
  for (let i = 0; i < 3; i++) {
    expect(Array.from(resample({ width, height, data }, wide, rows, true))).toEqual([
      ...Array<number>(6).fill(105),
      ...Array<number>(6).fill(9),
    ]);
  }
});
