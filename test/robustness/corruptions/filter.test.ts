import { Random } from '../../../src/core/random.js';
import { clamped, reflected, reflected101 } from '../../../src/robustness/corruptions/border.js';
import { filtered, type Tap } from '../../../src/robustness/corruptions/filter.js';

test.each([
  ['clamped', clamped, 'aaaaa abcde eeeee'],
  ['reflected', reflected, 'edcba abcde edcba'],
  ['reflected101', reflected101, 'dedcb abcde dcbab'],
] as const)('a border that is %s', (_, border, line) => {
  const places = Array.from({ length: 15 }, (_, i) => 'abcde'[border(i - 5, 5)]);
  expect(places.join('')).toBe(line.replaceAll(' ', ''));
  expect([border(-3, 1), border(4, 1)]).toEqual([0, 0]);
});

const taps: readonly Tap[] = [
  { dx: 2, dy: -3, weight: 0.25 },
  { dx: -5, dy: 0, weight: -1.5 },
  { dx: 0, dy: 1, weight: 0.75 },
];

// The last one is larger than what is filtered at once.
test.each([
  [1, 1, 1],
  [3, 2, 3],
  [7, 5, 1],
  [90, 1100, 3],
])('filters a layer of %d x %d and %d channels by the definition', (width, height, channels) => {
  const data = new Random(3).uniformArray(width * height * channels, -1, 1);
  for (const border of [clamped, reflected, reflected101]) {
    const { data: found } = filtered({ width, height, channels, data }, taps, border);
    let most = 0;
    for (let i = 0; i < data.length; i++) {
      const [pixel, c] = [Math.floor(i / channels), i % channels];
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      const value = taps.reduce((sum, { dx, dy, weight }) => {
        const from = border(y + dy, height) * width + border(x + dx, width);
        return sum + weight * data[from * channels + c]!;
      }, 0);
      most = Math.max(most, Math.abs(found[i]! - value));
    }
    expect(found).toHaveLength(data.length);
    expect(most).toBeLessThan(1e-6);
  }
});
