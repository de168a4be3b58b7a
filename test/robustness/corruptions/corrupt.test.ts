import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError } from '../../../src/core/errors.js';
import { Random } from '../../../src/core/random.js';
import {
  commonCorruptions,
  corrupt,
  corruption,
  extraCorruptions,
  type CorruptionName,
  type Severity,
} from '../../../src/robustness/corruptions/corrupt.js';
import type { RgbImage } from '../../../src/vision/image.js';
import { moments } from '../../helpers/statistics.js';

interface Golden {
  readonly cases: readonly { name: CorruptionName; severity: Severity; mean: number; spread: number[] }[];
  readonly draws: readonly { name: CorruptionName; severity: Severity; means: number; deviations: number }[];
}

const golden = JSON.parse(readFileSync(join(__dirname, '../../golden/corruptions.json'), 'utf8')) as Golden;
const all = [...commonCorruptions, ...extraCorruptions];

/** The picture of test/golden/corruptions.py. */
function picture(width = 64, height = 48): RgbImage {
  const data = new Uint8Array(width * height * 3);
  data.forEach((_, i) => {
    const [y, x, c] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3];
    const check = ((x >> 3) + Math.floor(y / 6)) % 2;
    data[i] = (x * (3 + c) + y * 2 + check * 60 + c * 25) % 256;
  });
  return { width, height, data };
}

test('there are the 15 of ImageNet-C and 4 more', () => {
  expect(commonCorruptions).toHaveLength(15);
  expect(extraCorruptions).toEqual(['speckle_noise', 'gaussian_blur', 'spatter', 'saturate']);
});

test.each(all.filter((name) => name !== 'impulse_noise' && name !== 'frost'))(
  '%s is as in imagecorruptions, with the same random numbers',
  (name) => {
    const cases = golden.cases.filter((each) => each.name === name);
    expect(cases).toHaveLength(5);
    for (const { severity, mean, spread } of cases) {
      const { data } = corrupt(picture(), name, { severity, seed: severity });
      const values = spread.map((_, k) => data[Math.floor((k * data.length) / spread.length)]!);
      const differences = values.map((value, k) => Math.abs(value - spread[k]!));
      // Halves go up here and to even numbers there.
      expect([severity, Math.max(...differences) <= 1]).toEqual([severity, true]);
      expect(differences.filter((each) => each > 0).length).toBeLessThan(10);
      expect(Math.abs(moments(data).mean - mean)).toBeLessThan(0.1);
    }
  },
);

/** Means over draws of the mean and deviation of a corrupted picture. */
function drawn(name: CorruptionName, severity: Severity, draws: number) {
  const list = Array.from({ length: draws }, (_, seed) =>
    moments(corrupt(picture(), name, { severity, seed }).data),
  );
  const average = (pick: (each: (typeof list)[0]) => number) =>
    list.reduce((sum, each) => sum + pick(each), 0) / draws;
  return { mean: average((each) => each.mean), deviation: average((each) => each.deviation) };
}

test.each([
  ['impulse_noise', 1.5],
  ['frost', 8],
] as const)('%s has the mean and deviation that it has in imagecorruptions', (name, within) => {
  for (const { severity, means, deviations } of golden.draws.filter((each) => each.name === name)) {
    const { mean, deviation } = drawn(name, severity, 12);
    expect(Math.abs(mean - means)).toBeLessThan(within);
    expect(Math.abs(deviation - deviations)).toBeLessThan(within);
  }
});

test('impulse noise makes its share of the values black and white', () => {
  const image = { width: 100, height: 100, data: new Uint8Array(30_000).fill(100) };
  const { data } = corrupt(image, 'impulse_noise', { severity: 4 });
  const share = (wanted: number) => data.filter((value) => value === wanted).length / data.length;
  expect(share(0)).toBeCloseTo(0.085, 2);
  expect(share(255)).toBeCloseTo(0.085, 2);
  expect(share(100)).toBeCloseTo(0.83, 2);
});

describe.each(all)('%s', (name) => {
  test('keeps size and picture, repeats by seed, and takes pictures of any size', () => {
    for (const [width, height] of [
      [1, 1],
      [5, 3],
      [33, 9],
    ] as const) {
      const image = picture(width, height);
      const before = image.data.slice();
      const [first, second] = [1, 1].map((seed) => corrupt(image, name, { severity: 5, seed }));
      expect(first).toEqual(second);
      expect([first!.width, first!.height, first!.data.length]).toEqual([width, height, width * height * 3]);
      expect(image.data).toEqual(before);
    }
  });

  test.each([0, 128, 255])('leaves a picture that is %d everywhere, unless it adds something', (value) => {
    const image = { width: 16, height: 24, data: new Uint8Array(16 * 24 * 3).fill(value) };
    for (const severity of [1, 5] as const) {
      const { data } = corrupt(image, name, { severity, seed: 2 });
      expect(data).toHaveLength(image.data.length);
      const still: CorruptionName[] = ['defocus_blur', 'motion_blur', 'zoom_blur', 'glass_blur', 'pixelate'];
      const same: CorruptionName[] = [
        ...still,
        'gaussian_blur',
        'elastic_transform',
        'contrast',
        'jpeg_compression',
      ];
      if (same.includes(name))
        expect(Math.max(...data.map((each) => Math.abs(each - value)))).toBeLessThanOrEqual(3);
    }
  });

  test('is an augmentation, too', () => {
    const [first, second] = [corruption(name), corruption(name, { severity: 3 })];
    expect(first(picture(), new Random(4))).toEqual(second(picture(), new Random(4)));
  });
});

test('a stronger one changes more', () => {
  const image = picture();
  for (const name of all.filter((name) => name !== 'saturate' && name !== 'glass_blur')) {
    const change = (severity: Severity) => {
      const { data } = corrupt(image, name, { severity });
      return Array.from(data).reduce((sum, value, i) => sum + Math.abs(value - image.data[i]!), 0);
    };
    expect([name, change(5) > change(1)]).toEqual([name, true]);
  }
});

test('says what is wrong with its arguments', () => {
  const image = picture();
  expect(() => corrupt(image, 'rain' as 'fog')).toThrow(
    "The corruption is 'rain'; give one of 'gaussian_noise'",
  );
  expect(() => corrupt(image, 'fog', { severity: 6 as 5 })).toThrow(
    'severity is 6; give one of 1, 2, 3, 4, 5.',
  );
  expect(() => corrupt(image, 'fog', { seed: 0.1 })).toThrow('seed is 0.1; give an integer.');
  expect(() => corrupt(image, 'fog', { strength: 1 } as object)).toThrow('has no option strength');
  const grey = { width: 2, height: 2, data: new Uint8Array(4) };
  expect(() => corrupt(grey, 'fog')).toThrow(ArgumentError);
  expect(() => corrupt(grey, 'fog')).toThrow('has 4 values; give 3 (RGB) or 4 (RGBA) a pixel');
  expect(() => corrupt('cat.jpg' as unknown as RgbImage, 'fog')).toThrow('An image is');
  expect(() => corruption('fog', { severity: 0 as 1 })).toThrow('severity is 0');
});
