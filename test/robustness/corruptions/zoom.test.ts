import { Random } from '../../../src/core/random.js';
import { sumOfZooms, zoomed } from '../../../src/robustness/corruptions/zoom.js';

/** The value between pixels where the middle of a layer, enlarged, takes it from. */
function plainZoom(data: Float32Array, [width, height, channels]: readonly number[], factor: number) {
  const line = (size: number) => {
    const length = Math.ceil(size / factor);
    const large = Math.round(length * factor);
    const start = Math.floor((size - length) / 2);
    return Array.from(
      { length: large },
      (_, i) => start + (large > 1 ? (i * (length - 1)) / (large - 1) : 0),
    );
  };
  const at = (y: number, x: number, c: number) =>
    data[(Math.min(y, height! - 1) * width! + Math.min(x, width! - 1)) * channels! + c]!;
  const [columns, rows] = [line(width!), line(height!)];
  const value = (y: number, x: number, c: number) => {
    const [top, left] = [Math.floor(y + 1e-9), Math.floor(x + 1e-9)];
    const [down, right] = [y - top, x - left];
    const upper = at(top, left, c) * (1 - right) + at(top, left + 1, c) * right;
    const lower = at(top + 1, left, c) * (1 - right) + at(top + 1, left + 1, c) * right;
    return upper * (1 - down) + lower * down;
  };
  return { columns, rows, value };
}

// The last one is larger than what is made at once.
test.each([
  [1, 1, 3],
  [5, 3, 1],
  [31, 40, 3],
  [110, 1000, 3],
])('enlarges the middle of a layer of %d x %d and %d channels', (width, height, channels) => {
  const data = new Random(4).uniformArray(width * height * channels, 0, 1);
  const layer = { width, height, channels, data };
  const factors = [1.3, 2.5, 1];
  const plain = factors.map((factor) => plainZoom(data, [width, height, channels], factor));
  const sum = sumOfZooms(layer, factors, width, height);
  const large = zoomed(layer, 2.5);
  const [, { columns, rows, value }] = plain as [unknown, (typeof plain)[0]];
  expect([large.width, large.height]).toEqual([columns.length, rows.length]);
  let most = 0;
  for (let y = 0; y < large.height; y++) {
    for (let x = 0; x < large.width; x++) {
      for (let c = 0; c < channels; c++) {
        const found = large.data[(y * large.width + x) * channels + c]!;
        most = Math.max(most, Math.abs(found - value(rows[y]!, columns[x]!, c)));
        if (y >= height || x >= width) continue;
        const all = plain.reduce((sum, { value, rows, columns }) => sum + value(rows[y]!, columns[x]!, c), 0);
        most = Math.max(most, Math.abs(sum.data[(y * width + x) * channels + c]! - all));
      }
    }
  }
  expect(sum.data).toHaveLength(data.length);
  expect(most).toBeLessThan(2e-5);
});
