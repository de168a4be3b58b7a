import { Random } from '../../src/core/random.js';
import { decodeImage } from '../../src/vision/decode-image.node.js';
import { encodePng } from '../../src/vision/encode-png.js';

test.each([
  [1, 1],
  [7, 3],
  [100, 65],
])('a picture of %d x %d pixels is decoded to the same bytes', async (width, height) => {
  const random = new Random(1);
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
  const png = await encodePng({ width, height, data });
  const decoded = await decodeImage(png);
  expect([decoded.width, decoded.height]).toEqual([width, height]);
  expect(Uint8Array.from(decoded.data)).toEqual(data);
});
