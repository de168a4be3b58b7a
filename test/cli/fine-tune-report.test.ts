import { chanceWarning, formatCertainty, formatData, formatEpoch } from '../../src/cli/fine-tune-report.js';
import { certainty } from '../../src/training/certainty.js';

/** Of two classes with as many images each. */
const sure = (right: number, images: number) => {
  const half = images / 2;
  const first = Math.min(half, right);
  const second = right - first;
  return certainty({
    images,
    confusion: [
      [first, half - first],
      [half - second, second],
    ],
  });
};

test.each([
  [1, 2, /^Warning: 2 images are too few to tell/],
  [2, 2, /^Warning: 2 images are too few to tell/],
  [30, 60, /^Warning: the network is no better than guessing: .* 50\.00 % right/],
  [500, 1000, /^Warning: the network is no better than guessing/],
])('%d right of %d: a warning', (right, images, message) => {
  expect(chanceWarning(sure(right, images), images)).toMatch(message);
});

test('no warning where the network is better than guessing', () => {
  expect(chanceWarning(sure(28, 30), 30)).toBeUndefined();
});

test('says how sure it is', () => {
  expect(formatCertainty(sure(28, 30), 30)).toBe(
    '28 of the 30 images held out are right, 93.33 %. Of other images like them, 79 to 98 % will be right (95 % interval).',
  );
});

test('names the first files that were left out', () => {
  const skipped = Array.from({ length: 7 }, (_, i) => ({ path: `cat/${i}.txt`, reason: 'not an image' }));
  expect(formatData(72, 3, skipped.slice(0, 1))).toBe(
    '72 images, 3 classes, 1 skipped: cat/0.txt (not an image)',
  );
  expect(formatData(72, 3, skipped)).toBe(
    '72 images, 3 classes, 7 skipped: 7 .txt (not an image: cat/0.txt, cat/1.txt, cat/2.txt, …)',
  );
});

test.each([
  [36, 35, ''],
  [40, 36, ''],
  [40, 35, ' (35 of 40 images an epoch)'],
  [12, 32, ''],
  [63, 32, ' (32 of 63 images an epoch)'],
])(
  'of %d images in batches of %d: reported where more than a tenth is left out',
  (images, batchSize, said) => {
    expect(formatEpoch(images, batchSize)).toBe(said);
  },
);
