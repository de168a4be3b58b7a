import { mkdtempSync, mkdirSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { createTar } from 'nanotar';
import { cifar100Dataset, cifar10Dataset } from '../../../src/training/data/cifar.js';
import type { SkippedFile } from '../../../src/training/data/skipped.js';
import { arrayDataset } from '../../../src/training/data/array-dataset.js';
import { split, subset } from '../../../src/training/data/parts.js';
import { decodable, decodeAll } from '../../../src/training/data/decode-all.js';
import { folderDataset } from '../../../src/training/data/folder.js';
import { idxDataset } from '../../../src/training/data/idx.js';
import { tarDataset } from '../../../src/training/data/tar.js';
import { cifar10Labels } from '../../../src/models/labels/cifar10.js';
import { describeWithShared, sharedFile } from '../../helpers/shared.js';
import { expectedPixels, imageFile, ruleImage } from '../../vision/golden-vision.js';

const files = {
  'dog/b.png': 'rgb.png',
  'dog/a.JPG': 'baseline.jpg',
  'cat/1.png': 'grey.png',
  'cat/.hidden.png': 'rgb.png',
  'cat/notes.txt': 'no picture',
};

/** What a file of such a name has in it: that of an image by this name, or else this text. */
function contentOf(name: string): Uint8Array {
  return new Uint8Array(name.includes('.') ? readFileSync(imageFile(name)) : Buffer.from(name));
}

describe('class folders', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const expectThem = async (dataset: Awaited<ReturnType<typeof folderDataset>>) => {
    expect(dataset.classes).toEqual(['cat', 'dog']);
    expect(Array.from(dataset.labels)).toEqual([0, 1, 1]);
    for (const [place, name] of ['grey.png', 'baseline.jpg', 'rgb.png'].entries()) {
      const { width, height, data } = await dataset.image(place);
      const expected = expectedPixels(name);
      expect([width, height, data.length]).toEqual([expected.width, expected.height, expected.data.length]);
      if (name.endsWith('png')) expect(Buffer.from(data).equals(expected.data as Uint8Array)).toBe(true);
    }
  };

  test('of a folder, in the order of their names', async () => {
    for (const [path, image] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), contentOf(image));
    }
    await expectThem(await folderDataset(folder, { onSkip: () => {} }));
  });

  test.each(['plain', 'gzip'])('of a tar archive, %s', async (kind) => {
    const entries = Object.entries(files).map(([path, image]) => ({
      name: `./train/${path}`,
      data: contentOf(image),
    }));
    const tar = createTar([{ name: './train' }, ...entries]);
    const path = join(folder, 'x.tar');
    writeFileSync(path, kind === 'gzip' ? gzipSync(tar) : tar);
    await expectThem(await tarDataset(path, { onSkip: () => {} }));
  });

  test('of a URL of a folder, and of nothing else that is no path', async () => {
    mkdirSync(join(folder, 'cat'));
    copyFileSync(imageFile('rgb.png'), join(folder, 'cat', '1.png'));
    const { classes, labels } = await folderDataset(folder);
    expect(await folderDataset(pathToFileURL(folder))).toMatchObject({ classes, labels, name: folder });
    await expect(folderDataset(new URL('https://example.org/photos'))).rejects.toThrow(
      'folderDataset: the folder is https://example.org/photos; give a path, or a URL that begins with file:.',
    );
    await expect(folderDataset(Promise.resolve(folder) as never)).rejects.toThrow(
      'folderDataset: the folder is a promise (await it)',
    );
    await expect(folderDataset(undefined as never)).rejects.toThrow('folderDataset: the folder is undefined');
  });

  test('files that are left out are named, with the reason', async () => {
    const more = {
      ...files,
      'stray.png': 'rgb.png',
      '__MACOSX/cat/1.png': 'rgb.png',
      'readme.md': 'no picture',
    };
    for (const [path, image] of Object.entries(more)) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), contentOf(image));
    }
    const entries = Object.keys(more).map((name) => ({ name: `./${name}`, data: new Uint8Array(1) }));
    for (const [open, prefix] of [
      [folderDataset, ''],
      [tarDataset, './'],
    ] as const) {
      const skipped: SkippedFile[] = [];
      const source = open === folderDataset ? folder : createTar([{ name: './cat' }, ...entries]);
      const dataset = await (open as typeof tarDataset)(source, { onSkip: (file) => skipped.push(file) });
      expect(dataset.classes).toEqual(['cat', 'dog']);
      expect(dataset.paths).toEqual(['cat/1.png', 'dog/a.JPG', 'dog/b.png'].map((path) => prefix + path));
      expect(skipped.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
        { path: `${prefix}cat/notes.txt`, reason: 'not an image' },
        { path: `${prefix}readme.md`, reason: 'not an image' },
        { path: `${prefix}stray.png`, reason: 'in no folder of a class' },
      ]);
    }
  });

  test('a class without images is an error, and no class less', async () => {
    mkdirSync(join(folder, 'cat'));
    copyFileSync(imageFile('rgb.png'), join(folder, 'cat/1.png'));
    mkdirSync(join(folder, 'dog'));
    writeFileSync(join(folder, 'dog/1.heic'), 'x');
    await expect(folderDataset(folder)).rejects.toThrow('has the folder dog without images (JPEG, PNG');
  });

  test('errors say what is wrong', async () => {
    await expect(folderDataset(join(folder, 'none'))).rejects.toThrow(/none cannot be read \(ENOENT/);
    await expect(folderDataset(folder)).rejects.toThrow(
      'holds no folders of images; give one folder a class',
    );
    copyFileSync(imageFile('rgb.png'), join(folder, 'x.png'));
    await expect(folderDataset(folder)).rejects.toThrow('holds no folders of images');
    const damaged = gzipSync(new Uint8Array(2000)).subarray(0, 20);
    await expect(tarDataset(damaged)).rejects.toThrow(
      'The file of 20 bytes is damaged: gzip cannot unpack it.',
    );
    const broken = await tarDataset(createTar([{ name: 'cat/1.jpg', data: 'no picture' }]));
    await expect(Promise.resolve(broken.image(0))).rejects.toThrow(
      /^The file of \d+ bytes, cat\/1\.jpg: The image cannot be decoded/,
    );
  });
});

test('CIFAR-10: planes become pixels', async () => {
  const record = (label: number) => [label, ...Array.from({ length: 3072 }, (_, i) => (i + label) % 251)];
  const dataset = await cifar10Dataset([
    Uint8Array.from([...record(3), ...record(9)]),
    Uint8Array.from(record(0)),
  ]);
  expect(Array.from(dataset.labels)).toEqual([3, 9, 0]);
  expect(dataset.classes).toBe(cifar10Labels);
  const { width, height, data } = await dataset.image(1);
  expect([width, height]).toEqual([32, 32]);
  for (const i of [0, 1, 500, 1023]) {
    expect(Array.from(data.slice(3 * i, 3 * i + 3))).toEqual([0, 1, 2].map((c) => (c * 1024 + i + 9) % 251));
  }
  await expect(cifar10Dataset([new Uint8Array(3074)])).rejects.toThrow(
    'The file of 3074 bytes has 3074 bytes; the binary version has 3073 an image.',
  );
  await expect(cifar10Dataset([Uint8Array.from(record(10))])).rejects.toThrow('A label is 10');
});

test('CIFAR-100: the fine label counts', async () => {
  const dataset = await cifar100Dataset([Uint8Array.from([7, 42, ...new Array<number>(3072).fill(5)])]);
  expect(Array.from(dataset.labels)).toEqual([42]);
  expect(dataset.classes[42]).toBe('class 42');
  expect(new Set((await dataset.image(0)).data)).toEqual(new Set([5]));
});

test('IDX files: grey becomes RGB', async () => {
  const images = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, ...Array(12).keys()]);
  const labels = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 2, 1, 4]);
  const dataset = await idxDataset(gzipSync(images), labels);
  expect(Array.from(dataset.labels)).toEqual([1, 4]);
  expect(dataset.classes).toHaveLength(5);
  const { width, height, data } = await dataset.image(1);
  expect([width, height]).toEqual([3, 2]);
  expect(Array.from(data)).toEqual([6, 7, 8, 9, 10, 11].flatMap((v) => [v, v, v]));
  await expect(idxDataset(labels, labels)).rejects.toThrow('is no IDX file of bytes with 3 axes');
  await expect(idxDataset(images.subarray(0, 20), labels)).rejects.toThrow(
    'has 4 values for the shape [2,2,3]',
  );
  // Zeros, a thousand times as many as gzip makes of them.
  const bomb = gzipSync(new Uint8Array(100 * 2 ** 20));
  await expect(idxDataset(bomb, labels)).rejects.toThrow('more than 250 times as many');
  const header = (...counts: number[]) =>
    Uint8Array.from([0, 0, 8, 3, ...counts.flatMap((n) => [n, 0, 0, n])]);
  await expect(idxDataset(header(255, 255, 255), labels)).rejects.toThrow(
    /The file of 16 bytes has 0 values for the shape \[4278190335,/,
  );
  await expect(idxDataset(header(255, 0, 255), labels)).rejects.toThrow(
    'has the shape [4278190335,0,4278190335], and no values',
  );
  await expect(idxDataset(images, labels, ['a', 'b'])).rejects.toThrow(
    'A label is 4 in The file of 10 bytes, and there are 2 classes',
  );
  await expect(idxDataset(images, labels.with(7, 1).subarray(0, 9))).rejects.toThrow(
    'There are 2 images and 1 labels; give as many.',
  );
});

describe('in memory', () => {
  const images = Array.from({ length: 40 }, (_, i) => ruleImage(2, 3 + i));
  const dataset = arrayDataset(
    images,
    images.map((_, i) => i % 4),
    ['a', 'b', 'c', 'd'],
  );

  test('a split takes the same share of every class, by the seed', async () => {
    const { train, validation } = split(dataset, { validation: 0.2, seed: 5 });
    expect(Array.from(validation.labels).sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    const widths = async ({ labels, image }: typeof dataset) =>
      Promise.all(Array.from(labels, async (_, i) => (await image(i)).width - 3));
    const [a, b] = [await widths(train), await widths(validation)];
    expect([...a, ...b].sort((x, y) => x - y)).toEqual([...images.keys()]);
    expect(a).toEqual([...a].sort((x, y) => x - y));
    expect(a.map((place) => place % 4)).toEqual(Array.from(train.labels));
    expect(await widths(split(dataset, { validation: 0.2, seed: 5 }).validation)).toEqual(b);
    expect(await widths(split(dataset, { validation: 0.2, seed: 6 }).validation)).not.toEqual(b);
    expect(() => split(dataset, { validation: 1 })).toThrow('validation is 1');
  });

  test('a split leaves at least one image of a class on either side, where there are two', () => {
    const places = [0, 1, 5, 2, 6, 10]; // one of class 0, two of class 1, three of class 2
    const { train, validation } = split(subset(dataset, places), { validation: 0.01 });
    expect(Array.from(validation.labels)).toEqual([1, 2]);
    expect(Array.from(train.labels)).toEqual([0, 1, 2, 2]);
    const most = split(subset(dataset, places), { validation: 0.99 });
    expect(Array.from(most.train.labels)).toEqual([0, 1, 2]);
  });

  test('images that cannot be decoded are left out where onSkip is given, and otherwise an error', async () => {
    const broken = {
      ...dataset,
      image: (i: number) => (i === 1 ? Promise.reject(new Error('no image')) : dataset.image(i)),
    };
    await expect(decodeAll(broken)).rejects.toThrow('no image');
    for (const take of [decodeAll, decodable]) {
      const skipped: SkippedFile[] = [];
      const kept = await take(broken, { onSkip: (file) => skipped.push(file) });
      expect(skipped).toEqual([{ path: 'image 1', reason: 'no image' }]);
      expect(Array.from(kept.labels)).toEqual(Array.from(dataset.labels).filter((_, i) => i !== 1));
      expect(await kept.image(1)).toEqual(images[2]);
    }
  });

  test('a subset has the images asked for', async () => {
    const some = subset(dataset, [7, 2]);
    expect(Array.from(some.labels)).toEqual([3, 2]);
    expect(await some.image(1)).toEqual(images[2]);
  });

  test('decodeAll decodes and transforms once, and tells of it', async () => {
    const progress: number[] = [];
    let asked = 0;
    const counting = { ...dataset, image: (i: number) => (asked++, dataset.image(i)) };
    const decoded = await decodeAll(counting, {
      transform: ({ data }) => ({ width: 1, height: 1, data: data.slice(0, 3) }),
      onProgress: (done) => progress.push(done),
    });
    expect(decoded.image(39)).toEqual({ width: 1, height: 1, data: images[39]!.data.slice(0, 3) });
    expect([asked, progress]).toEqual([40, [40]]);
  });

  test('labels that fit nothing are refused', () => {
    expect(() => arrayDataset(images, [0], ['a'])).toThrow('There are 40 images and 1 labels');
    expect(() => arrayDataset(images.slice(0, 1), [1], ['a'])).toThrow(
      'A label is 1, and there are 1 classes',
    );
  });
});

describeWithShared('data/cifar10', 'the photos of CIFAR-10', () => {
  test('the archive has 50,000 of ten classes', async () => {
    const dataset = await tarDataset(sharedFile('data/cifar10/train.tar.gz'));
    expect(dataset.classes).toEqual(cifar10Labels);
    expect(dataset.labels).toHaveLength(50_000);
    expect(dataset.labels.filter((label) => label === 9)).toHaveLength(5000);
    expect(await dataset.image(49_999)).toMatchObject({ width: 32, height: 32 });
  });
});
