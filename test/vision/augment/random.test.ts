import { Random } from '../../../src/core/random.js';
import { compose, type Augmentation } from '../../../src/vision/augment/augmentation.js';
import { autoAugment } from '../../../src/vision/augment/auto-augment.js';
import { colorJitter } from '../../../src/vision/augment/color.js';
import { crop, padAndCrop, randomRectangle, randomResizedCrop } from '../../../src/vision/augment/crop.js';
import { randomErasing } from '../../../src/vision/augment/erase.js';
import { flipHorizontally, randomFlip } from '../../../src/vision/augment/flip.js';
import { randAugment } from '../../../src/vision/augment/rand-augment.js';
import { resize } from '../../../src/vision/resize.js';
import { moments } from '../../helpers/statistics.js';
import { ruleImage, sha256 } from '../golden-vision.js';

const image = ruleImage(17, 23);
const digests = (augment: Augmentation, count: number) => {
  const random = new Random(1);
  return Array.from({ length: count }, () => sha256(augment(image, random)));
};

const augmentations: Record<string, Augmentation> = {
  randomFlip: randomFlip(),
  padAndCrop: padAndCrop(2),
  randomResizedCrop: randomResizedCrop({ size: 8 }),
  randomErasing: randomErasing(),
  'randomErasing with noise': randomErasing({ fill: 'noise' }),
  compose: compose(randomFlip(), padAndCrop()),
  colorJitter: colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }),
  'autoAugment for ImageNet': autoAugment('imagenet'),
  'autoAugment for CIFAR-10': autoAugment('cifar10'),
  randAugment: randAugment(),
};

test.each(Object.entries(augmentations))('%s repeats a seed, varies, and leaves the image', (_, augment) => {
  const before = sha256(image);
  const first = digests(augment, 12);
  expect(digests(augment, 12)).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(1);
  expect(sha256(image)).toBe(before);
});

test('a flip comes with its probability', () => {
  const flipped = sha256(flipHorizontally(image));
  const share = digests(randomFlip(0.3), 2000).filter((digest) => digest === flipped).length / 2000;
  expect(Math.abs(share - 0.3)).toBeLessThan(0.04); // Four standard deviations.
  expect(new Set(digests(randomFlip(0), 20))).toEqual(new Set([sha256(image)]));
  expect(new Set(digests(randomFlip(1), 20))).toEqual(new Set([flipped]));
});

test('padAndCrop gives each of its crops and no other', () => {
  const possible = new Set<string>();
  for (const left of [-1, 0, 1]) {
    for (const top of [-1, 0, 1]) possible.add(sha256(crop(image, { left, top, width: 23, height: 17 })));
  }
  expect(possible.size).toBe(9);
  expect(new Set(digests(padAndCrop(1), 200))).toEqual(possible);
});

test('a random rectangle has the area and the proportions asked for', () => {
  const random = new Random(3);
  const size = { width: 300, height: 200 };
  const rectangles = Array.from({ length: 2000 }, () => randomRectangle(size, [0.1, 0.4], [0.5, 2], random));
  const areas = rectangles.map(({ width, height }) => (width * height) / 60000);
  const logs = rectangles.map(({ width, height }) => Math.log2(width / height));
  // Uniform areas, and uniform logarithms of proportions: only few do not fit.
  expect(Math.min(...areas)).toBeGreaterThan(0.099);
  expect(Math.max(...areas)).toBeLessThan(0.401);
  expect(Math.abs(moments(areas).mean - 0.25)).toBeLessThan(0.01);
  expect(Math.min(...logs)).toBeGreaterThan(-1.02);
  expect(Math.max(...logs)).toBeLessThan(1.02);
  expect(Math.abs(moments(logs).mean)).toBeLessThan(0.06);
  for (const { left, top, width, height } of rectangles) {
    expect(left >= 0 && top >= 0 && left + width <= 300 && top + height <= 200).toBe(true);
  }
});

test('where no rectangle fits it is one in the middle', () => {
  const random = new Random(0);
  const rectangle = randomRectangle({ width: 100, height: 10 }, [0.9, 1], [0.75, 4 / 3], random);
  expect(rectangle).toEqual({ left: 43, top: 0, width: 13, height: 10 });
});

test('randomResizedCrop of all of a square is resizing', () => {
  const square = ruleImage(20, 20);
  const augment = randomResizedCrop({ size: 9, scale: [1, 1], ratio: [1, 1], interpolation: 'bicubic' });
  expect(sha256(augment(square, new Random(0)))).toBe(sha256(resize(square, 9, 9, 'bicubic')));
});

test('randomErasing paints one rectangle', () => {
  const random = new Random(5);
  const augment = randomErasing({ probability: 1, fill: [1, 2, 3] });
  for (let round = 0; round < 50; round++) {
    const out = augment(image, random);
    const changed = Array.from({ length: 17 * 23 }, (_, i) => i).filter((i) =>
      [1, 2, 3].every((value, c) => out.data[3 * i + c] === value),
    );
    const columns = changed.map((i) => i % 23);
    const rows = changed.map((i) => Math.floor(i / 23));
    const width = Math.max(...columns) - Math.min(...columns) + 1;
    const height = Math.max(...rows) - Math.min(...rows) + 1;
    expect(changed).toHaveLength(width * height);
    const same = out.data.filter((value, i) => value === image.data[i]).length;
    expect(same).toBeGreaterThanOrEqual(3 * (17 * 23 - changed.length));
    expect(changed.length / (17 * 23)).toBeLessThan(0.37);
  }
});

test('options out of range are refused', () => {
  expect(() => randomFlip(2)).toThrow('probability is 2; give a number in [0, 1], such as 0.5.');
  expect(() => padAndCrop(-1)).toThrow('padding is -1');
  expect(() => randomResizedCrop({ size: 0 })).toThrow('size is 0');
  expect(() => randomResizedCrop({ size: 4, scale: [1, 0.5] })).toThrow('scale is [1, 0.5]');
  expect(() => randomErasing({ probability: -1 })).toThrow('probability is -1');
  expect(() => randomErasing({ ratio: [0, 1] })).toThrow('ratio is [0, 1]');
});

test('colorJitter uses each of its changes, within their range', () => {
  const grey = { width: 1, height: 1, data: Uint8Array.of(100, 100, 100) };
  const random = new Random(2);
  const jitter = colorJitter({ brightness: 0.2 });
  const values = Array.from({ length: 300 }, () => jitter(grey, random).data[0]!);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(79);
  expect(Math.min(...values)).toBeLessThan(83);
  expect(Math.max(...values)).toBeLessThanOrEqual(120);
  expect(Math.max(...values)).toBeGreaterThan(117);
  for (const name of ['brightness', 'contrast', 'saturation', 'hue']) {
    expect(new Set(digests(colorJitter({ [name]: 0.4 }), 5)).size).toBeGreaterThan(3);
  }
  expect(new Set(digests(colorJitter({}), 3))).toEqual(new Set([sha256(image)]));
  expect(() => colorJitter({ hue: 0.6 })).toThrow('hue is 0.6; give a number of at least 0 and at most 0.5.');
  expect(() => colorJitter({ contrast: -1 })).toThrow('contrast is -1');
});

test('AutoAugment and RandAugment refuse what is out of range', () => {
  expect(() => autoAugment('svhn' as 'cifar10')).toThrow(
    "policy is 'svhn'; give one of 'imagenet', 'cifar10'.",
  );
  expect(() => randAugment({ count: 0 })).toThrow('count is 0');
  expect(() => randAugment({ magnitude: 31 })).toThrow('magnitude is 31; give a number from 0 to 30.');
});

test('RandAugment of magnitude 0 changes little, of 30 much', () => {
  const distance = (magnitude: number) => {
    const random = new Random(4);
    const augment = randAugment({ magnitude, count: 1 });
    const outs = Array.from({ length: 100 }, () => augment(image, random));
    const differences = outs.flatMap(({ data }) =>
      Array.from(data, (value, i) => Math.abs(value - image.data[i]!)),
    );
    return moments(differences).mean;
  };
  expect(distance(30)).toBeGreaterThan(2 * distance(0));
});
