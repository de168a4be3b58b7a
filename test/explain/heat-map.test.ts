import sharp from 'sharp';
import { colorOf } from '../../src/explain/colors.js';
import { explanationPage } from '../../src/explain/page.js';
import type { Explanation } from '../../src/explain/explanation.js';
import { heatMap } from '../../src/explain/heat-map.js';
import { encodePng } from '../../src/vision/encode-png.js';

function explanation(map: number[], more: Partial<Explanation> = {}): Explanation {
  const common = { method: 'gradCam', height: 2, width: 2, target: 1, label: '<cat>', score: 2, sum: 3 };
  const none = { expectedSum: undefined, values: undefined, superpixels: undefined, image: undefined };
  return { ...common, ...none, map: Float32Array.from(map), settings: {}, ...more };
}

const pixel = ({ data, width }: { data: ArrayLike<number>; width: number }, x: number, y: number) =>
  [0, 1, 2].map((c) => data[(y * width + x) * 3 + c]!);
const rounded = (color: readonly number[]) => color.map(Math.round);

test('a map without negative values goes from black to light yellow, one with them from blue to red', () => {
  const positive = heatMap(explanation([0, 1, 0, 1]), { size: 64, legend: false });
  expect([positive.width, positive.height]).toEqual([64, 64]);
  expect(pixel(positive, 0, 10)).toEqual(rounded(colorOf('inferno', 0)));
  expect(pixel(positive, 63, 10)).toEqual(rounded(colorOf('inferno', 1)));
  const signed = heatMap(explanation([-2, 1, -2, 1]), { size: 64, legend: false });
  expect(pixel(signed, 0, 10)).toEqual(rounded(colorOf('berlin', 0)));
  expect(pixel(signed, 63, 10)).toEqual(rounded(colorOf('berlin', 0.75)));
});

test('zeros are black, with and without an image, and the legend stands on the right', () => {
  const image = { width: 4, height: 2, data: new Uint8Array(24).fill(200) };
  const alone = heatMap(explanation([0, 0, 0, 0]), { size: 32, legend: false });
  expect(pixel(alone, 5, 5)).toEqual(rounded(colorOf('inferno', 0)));
  const over = heatMap(explanation([0, 0, 0, 1]), { image, opacity: 0.5 });
  expect([over.width, over.height]).toEqual([256 + 84, 128]);
  expect(pixel(over, 5, 5)).toEqual(rounded(colorOf('inferno', 0).map((c) => 100 + c / 2)));
  expect(pixel(over, 256 + 8, 0)).toEqual(rounded(colorOf('inferno', 1)));
  // The number that the legend begins with.
  const written = Array.from(over.data).filter((value) => value === 235);
  expect(written.length).toBeGreaterThan(30);
});

test.each([
  [{ opacity: 2 }, /opacity is 2/],
  [{ size: 0 }, /size is 0/],
  [{ colour: 1 } as object, /no option colour/],
])('refuses %o', (options, message) => {
  expect(() => heatMap(explanation([0, 0, 0, 1]), options)).toThrow(message);
});

test('PNG is what sharp reads', async () => {
  const data = Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => (i * 37) % 256);
  const png = await encodePng({ width: 7, height: 5, data });
  const read = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(read.info).toMatchObject({ width: 7, height: 5, channels: 3 });
  expect(Uint8Array.from(read.data)).toEqual(data);
  await expect(encodePng('a.png' as never)).rejects.toThrow(/a decoded|An image is/);
});

test('a page has every picture in it, asks for nothing, and shows names as text', async () => {
  const image = { width: 2, height: 2, data: new Uint8Array(12).fill(9) };
  const row = [explanation([0, 1, 2, 3], { image }), explanation([0, 1, -2, 3], { image, expectedSum: 4 })];
  const page = await explanationPage([row, row], { names: ['a<b>.jpg', 'c.jpg'] });
  expect(page.match(/<img /g)).toHaveLength(6);
  expect(page.match(/src="(?!data:)|href=|@import|url\(/g)).toBeNull();
  expect(page).toContain('a&lt;b&gt;.jpg');
  expect(page).toContain('&lt;cat&gt;, logit 2.00; sums to 3.00 of 4.00');
  await expect(explanationPage([])).rejects.toThrow(/nothing to show/);
});

test.each([
  [undefined, 'the explanation is undefined; give one of those in the array'],
  [[explanation([0, 0, 0, 1])], 'the explanation is an array; give one of those in the array'],
  [explanation([0, 0, 1]), 'the map has 3 values; give 2 x 2 finite ones'],
  [explanation([0, 0, NaN, 1]), 'the map has 4 values; give 2 x 2 finite ones'],
])('no heat map of what is no explanation: %#', (given, message) => {
  expect(() => heatMap(given as Explanation)).toThrow(message);
});
