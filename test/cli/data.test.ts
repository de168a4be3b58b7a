import * as tf from '@tensorflow/tfjs-core';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEMORY, openDataset } from '../../src/cli/open-dataset.js';
import { openTrainingData } from '../../src/cli/training-data.js';
import { expectError, skipscale } from '../helpers/skipscale.js';
import { tarOf } from '../helpers/tar.js';
import { imageFile } from '../vision/golden-vision.js';

const bmp = Buffer.concat([Buffer.from('BM\x56\0\0\0\0\0\0\0\x36\0\0\0'), Buffer.alloc(72)]);
const cwd = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-data-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(cwd);
  rmSync(folder, { recursive: true });
  expect(tf.memory().numTensors).toBe(0);
});

/** Writes a folder of two classes; some of the images are broken. */
function write(name: string, { images = 6, broken = 0 } = {}): string {
  for (const label of ['cat', 'ship']) {
    mkdirSync(join(folder, name, label), { recursive: true });
    for (let i = 0; i < images; i++)
      copyFileSync(imageFile('rgb.png'), join(folder, name, label, `${i}.png`));
    for (let i = 0; i < broken; i++)
      writeFileSync(join(folder, name, label, `broken-${i}.jpg`), 'no picture');
  }
  return join(folder, name);
}

const quick = ['--epochs', '1', '--batch-size', '4', '--lr', '0.01'];
const scratch = ['--model', 'resnet20', '--width', '0.25', '--size', '8', ...quick];

describe('broken images', () => {
  test.each([
    ['train', ['train', 'photos', ...quick]],
    ['train from scratch', ['train', 'photos', ...scratch]],
    ['evaluate', ['evaluate', 'photos', '--weights', 'cifar10']],
  ])('%s names all of them at once; --skip-broken leaves them out, and says so', async (_, command) => {
    write('photos', { broken: 7 });
    const result = await skipscale(...command);
    expectError(result, /^skipscale: photos: 14 of 26 images cannot be decoded: cat\/broken-0\.jpg \(/);
    expect(result.stderr).toMatch(/ship\/broken-2\.jpg \([^)]*\) and 4 more\. .*--skip-broken\.\n$/);
    const { status, stdout, stderr } = await skipscale(...command, '--skip-broken');
    expect(status).toBe(0);
    expect(stdout + stderr).toMatch(
      /12 images, 2 classes(?: \(8 of 10 images an epoch\))?, 14 skipped: 14 \.jpg \(.*: cat\/broken-0\.jpg, cat\/broken-1\.jpg, cat\/broken-2\.jpg, …\)\n/,
    );
  });

  test.each([
    ['train', quick],
    ['train from scratch', scratch],
  ])('%s --validation PATH: all of them are named too, with the path', async (_, options) => {
    write('photos');
    write('held', { broken: 2 });
    const command = ['train', 'photos', '--validation', 'held', ...options];
    expectError(
      await skipscale(...command),
      /held: 4 of 16 images cannot be decoded: (held: )?cat\/broken-0\.jpg \(/,
    );
    const { status, stdout } = await skipscale(...command, '--skip-broken');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^12 images, 2 classes, 4 skipped: 4 \.jpg \(.*: held: cat\/broken-0\.jpg, /);
  });
});

test('what is left out is counted and reported once, of a folder to train on and to classify', async () => {
  write('photos');
  for (let i = 0; i < 12; i++) writeFileSync(join('photos', 'cat', `${i}.bmp`), bmp);
  writeFileSync(join('photos', 'readme.txt'), 'x');
  const report =
    '12 .bmp (BMP is not read here: cat/0.bmp, cat/1.bmp, cat/10.bmp, …), readme.txt (not an image)';
  const trained = await skipscale('train', 'photos', ...quick);
  expect(trained.status).toBe(0);
  expect(trained.stdout).toContain(`12 images, 2 classes (8 of 10 images an epoch), 13 skipped: ${report}\n`);

  copyFileSync(join('photos', 'cat', '0.png'), join('photos', 'without an end'));
  const { status, stdout, stderr } = await skipscale('classify', 'photos', '--weights', 'cifar10');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^photos.without an end\n/);
  expect(stderr).toBe(
    'skipscale: photos: 3 skipped: 2 without an end (a folder: cat, ship), readme.txt (not an image)\n',
  );
  const none = await skipscale(
    'classify',
    join('photos', 'cat', '..'),
    join('photos', 'none'),
    '--weights',
    'cifar10',
  );
  expect(none.status).toBe(1);
  mkdirSync('bitmaps');
  writeFileSync(join('bitmaps', '1.bmp'), bmp);
  expectError(
    await skipscale('classify', 'bitmaps', '--weights', 'cifar10'),
    /^skipscale: bitmaps holds no images \(JPEG, PNG, WebP, GIF, AVIF, TIFF\), but 1\.bmp \(BMP is not read here\)\./,
  );
});

test('a class that would be lost and parts of a data set are refused; a folder around all is reported', async () => {
  write('photos');
  mkdirSync(join('photos', 'dog'));
  writeFileSync(join('photos', 'dog', '1.bmp'), bmp);
  expectError(
    await skipscale('train', 'photos', ...quick),
    /photos has the folder dog without images .* but with dog\/1\.bmp \(BMP/,
  );
  const data = readFileSync(imageFile('rgb.png'));
  const wrapped = ['pets/cat/1.png', 'pets/cat/2.png', 'pets/dog/1.png', 'pets/dog/2.png'];
  writeFileSync('wrapped.tar', tarOf(wrapped.map((name) => ({ name, data }))));
  const { stdout } = await skipscale('train', 'wrapped.tar', ...quick);
  expect(stdout).toMatch(/^4 images, 2 classes\nThe classes are the folders in pets\.\n/);
  const names = ['train/cat/1.png', 'train/dog/1.png', 'test/cat/1.png', 'test/dog/1.png'];
  writeFileSync('pets.tar', tarOf(names.map((name) => ({ name, data }))));
  expectError(
    await skipscale('train', 'pets.tar', ...quick),
    'pets.tar holds the folders train and test, the parts of a data set.',
  );
});

test('the pictures of training and validation together stay below the limit of memory', async () => {
  const [photos, held] = [write('photos'), write('held')];
  const { bytes } = await openDataset(photos, 'train', {});
  expect(bytes).toBe(12 * 36 * 24 * 3);
  expect((await openDataset(photos, 'train', { limit: bytes - 1 })).bytes).toBe(0);
  for (const [limit, isHeldInMemory] of [
    [2 * bytes, true],
    [2 * bytes - 1, false],
  ] as const) {
    const opened = await openTrainingData({ data: photos, validation: held, seed: 0 }, { limit });
    expect([opened.bytes, opened.images]).toEqual([bytes, 12]);
    const image = opened.validation.image(0);
    expect(image instanceof Promise).toBe(!isHeldInMemory);
    await image;
  }
  expect(MEMORY).toBe(2 ** 30);
});
