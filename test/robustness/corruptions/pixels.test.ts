import { toImage, unitColors } from '../../../src/robustness/corruptions/pixels.js';

test.each([1, 5, 86])(
  'the colours of a picture of %d pixels are from 0 to 1, and it comes back from them',
  (width) => {
    const data = Uint8Array.from({ length: width * 3 }, (_, i) => i);
    const layer = unitColors({ width, height: 1, data });
    expect(layer).toEqual({
      width,
      height: 1,
      channels: 3,
      data: Float32Array.from(data, (value) => value / 255),
    });
    expect(toImage(layer)).toEqual({ width, height: 1, data });
  },
);

test('colours are rounded to the nearest byte, halves up, and cut', () => {
  const levels = [-Infinity, -1e10, -0.6, 0.49, 0.5, 1.5, 2.49, 254.49, 255.2, 300, 1e10, Infinity];
  const data = Float32Array.from(levels, (level) => level / 255);
  // The nearest number of 32 bits to a half is above or below it.
  data[4] = 0.5000001 / 255;
  data[5] = 1.5000002 / 255;
  expect(Array.from(toImage({ width: 4, height: 1, channels: 3, data }).data)).toEqual([
    ...[0, 0, 0, 0, 1, 2],
    ...[2, 254, 255, 255, 255, 255],
  ]);
});
