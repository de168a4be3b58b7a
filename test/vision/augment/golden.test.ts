import { crop } from '../../../src/vision/augment/crop.js';
import { flipHorizontally } from '../../../src/vision/augment/flip.js';
import type { RgbImage } from '../../../src/vision/image.js';
import { readGolden, spread } from '../../helpers/golden.js';
import { ruleImage, sha256 } from '../golden-vision.js';

type Case = { size: [height: number, width: number]; sha256: string; spread: number[] };
const { cases } = readGolden<{ cases: Record<string, Case[]> }>('augment.json');

/** What augment.py calls by these names; numbers follow the name. */
const changes: Record<string, (image: RgbImage, ...parameters: number[]) => RgbImage> = {
  flip: flipHorizontally,
  crop: (image, left, top, width, height) =>
    crop(image, { left: left!, top: top!, width: width!, height: height! }),
};

test('every change is tested', () => {
  const names = new Set(Object.keys(cases).map((name) => name.split(' ')[0]));
  expect([...names]).toEqual(Object.keys(changes));
});

test.each(Object.keys(cases))('%s: the bytes are those of torchvision on PIL images', (name) => {
  const [change, ...parameters] = name.split(' ');
  for (const { size, sha256: expected, spread: values } of cases[name]!) {
    const image = ruleImage(...size);
    const before = sha256(image);
    const out = changes[change!]!(image, ...parameters.map(Number));
    expect(spread(out.data, 12)).toEqual(values);
    expect(sha256(out)).toBe(expected);
    expect(sha256(image)).toBe(before);
  }
});
