import { rotate } from '../../../src/vision/augment/affine.js';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
} from '../../../src/vision/augment/color.js';
import { crop } from '../../../src/vision/augment/crop.js';
import { flipHorizontally } from '../../../src/vision/augment/flip.js';
import { operations, type Operation, type OperationName } from '../../../src/vision/augment/operations.js';
import { autoContrast, equalize, invert, posterize, solarize } from '../../../src/vision/augment/tone.js';
import type { RgbImage } from '../../../src/vision/image.js';
import { readGolden, spread } from '../../helpers/golden.js';
import { ruleImage, sha256 } from '../golden-vision.js';

type Case = { size: [height: number, width: number]; dim: boolean; sha256: string; spread: number[] };
const { cases, magnitudes } = readGolden<{
  cases: Record<string, Case[]>;
  /** By operation and level, one of each image. */
  magnitudes: Record<string, Record<string, number[]>>;
}>('augment.json');

/** What augment.py calls by these names; what follows the name. */
const changes: Record<string, (image: RgbImage, ...parameters: string[]) => RgbImage> = {
  flip: flipHorizontally,
  crop: (image, left, top, width, height) =>
    crop(image, { left: Number(left), top: Number(top), width: Number(width), height: Number(height) }),
  brightness: (image, factor) => adjustBrightness(image, Number(factor)),
  contrast: (image, factor) => adjustContrast(image, Number(factor)),
  saturation: (image, factor) => adjustSaturation(image, Number(factor)),
  sharpness: (image, factor) => adjustSharpness(image, Number(factor)),
  hue: (image, shift) => adjustHue(image, Number(shift)),
  posterize: (image, bits) => posterize(image, Number(bits)),
  solarize: (image, threshold) => solarize(image, Number(threshold)),
  invert,
  autocontrast: autoContrast,
  equalize,
  operation: (image, name, level, sign) => {
    const operation: Operation = operations[name as OperationName];
    const place = cases['flip']!.findIndex(({ size }) => size[0] === image.height && size[1] === image.width);
    const magnitude = magnitudes[name!]![level!]![place]!;
    // torchvision's are float32.
    expect(operation.magnitude(Number(level) / 9, image)).toBeCloseTo(magnitude, 4);
    return operation.apply(image, operation.signed ? Number(sign) * magnitude : magnitude);
  },
};

function inputOf({ size, dim }: Case): RgbImage {
  const image = ruleImage(...size);
  return dim ? { ...image, data: image.data.map((value) => Math.floor(value / 3) + 40) } : image;
}

test('every change and every operation is tested', () => {
  const names = Object.keys(cases).map((name) => name.split(' '));
  expect([...new Set(names.map(([name]) => name))]).toEqual(Object.keys(changes));
  const tested = names.flatMap(([name, operation]) => (name === 'operation' ? [operation] : []));
  expect([...new Set(tested)]).toEqual(Object.keys(operations));
});

test.each(Object.keys(cases))('%s: the bytes are those of torchvision on PIL images', (name) => {
  const [change, ...parameters] = name.split(' ');
  for (const golden of cases[name]!) {
    const image = inputOf(golden);
    const before = sha256(image);
    const out = changes[change!]!(image, ...parameters);
    expect(spread(out.data, 12)).toEqual(golden.spread);
    expect(sha256(out)).toBe(golden.sha256);
    expect(sha256(image)).toBe(before);
  }
});

test('a quarter turn of a square is exact', () => {
  const image = ruleImage(8, 8);
  const turned = rotate(image, 90);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      // Counter-clockwise: the right column becomes the top row.
      const from = (x * 8 + (7 - y)) * 3;
      const to = (y * 8 + x) * 3;
      expect(turned.data.slice(to, to + 3)).toEqual(image.data.slice(from, from + 3));
    }
  }
});
