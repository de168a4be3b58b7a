import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodedFormats as decodedInPages } from '../../../src/vision/decode-image.browser.js';
import { decodedFormats } from '../../../src/vision/decode-image.node.js';
import { formatOfName, imageFormat } from '../../../src/vision/image-format.js';
import { folderDataset } from '../../../src/training/data/folder.js';
import { isHidden } from '../../../src/training/data/hidden.js';
import { describeSkipped, type SkippedFile } from '../../../src/training/data/skipped.js';
import { tarDataset } from '../../../src/training/data/tar.js';
import { tarOf } from '../../helpers/tar.js';
import { imageFile } from '../../vision/golden-vision.js';

const png = readFileSync(imageFile('rgb.png'));
const jpeg = readFileSync(imageFile('baseline.jpg'));
const text = Buffer.from('no picture');
const bmp = Buffer.concat([
  Buffer.from('BM'),
  Buffer.from([86, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0]),
  Buffer.alloc(72),
]);
const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-layout-'))));
afterEach(() => rmSync(folder, { recursive: true }));

type Files = Readonly<Record<string, Buffer>>;

function write(files: Files, root = folder): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(root, path), content);
    else mkdirSync(join(root, path), { recursive: true });
  }
}

/** Opens the files as a folder and as an archive, which must give the same; each image by its path is what comes. */
async function openBoth(files: Files) {
  write(files);
  const tar = tarOf(
    Object.entries(files).map(([name, data]) => (name.endsWith('/') ? { name, type: '5' } : { name, data })),
  );
  const [a, b] = [await open(() => folderDataset), await open(() => tarDataset, tar)];
  expect(b).toEqual(a);
  return a;
}

async function open(
  reader: () => (source: never, options: object) => ReturnType<typeof folderDataset>,
  source?: unknown,
) {
  const skipped: SkippedFile[] = [];
  const onSkip = (file: SkippedFile) => skipped.push(file);
  const name = source === undefined ? folder : `The file of ${(source as Uint8Array).length} bytes`;
  try {
    const { classes, labels, paths } = await reader()((source ?? folder) as never, { onSkip });
    return {
      classes,
      images: Object.fromEntries(paths!.map((path, i) => [path, classes[labels[i]!]])),
      skipped: skipped.map(({ path, reason }) => `${path}: ${reason}`).sort(),
    };
  } catch (error) {
    return (error as Error).message.replaceAll(name, 'DATA');
  }
}

describe('the first folders are the classes, of folders and of archives', () => {
  test('images lie at any depth in them, as in torchvision', async () => {
    const files = { 'cat/1.png': png, 'cat/2020/2.png': png, 'cat/2021/may/3.png': png, 'dog/4.png': png };
    const { classes, images, skipped } = (await openBoth(files)) as Exclude<
      Awaited<ReturnType<typeof openBoth>>,
      string
    >;
    expect(classes).toEqual(['cat', 'dog']);
    expect(images).toEqual({
      'cat/1.png': 'cat',
      'cat/2020/2.png': 'cat',
      'cat/2021/may/3.png': 'cat',
      'dog/4.png': 'dog',
    });
    expect(skipped).toEqual([]);
  });

  test('a folder that all lies in is none', async () => {
    const files = {
      'flowers/v1/rose/1.png': png,
      'flowers/v1/iris/a/2.png': png,
      'flowers/LICENSE.txt': text,
    };
    expect(await openBoth(files)).toEqual({
      classes: ['iris', 'rose'],
      images: { 'flowers/v1/iris/a/2.png': 'iris', 'flowers/v1/rose/1.png': 'rose' },
      skipped: ['flowers/LICENSE.txt: not an image'],
    });
  });

  test('but it is one where images lie in it, or another folder next to it', async () => {
    expect(await openBoth({ 'cat/1.png': png, 'cat/kitten/2.png': png })).toMatchObject({ classes: ['cat'] });
    rmSync(join(folder, 'cat'), { recursive: true });
    expect(await openBoth({ 'cat/young/1.png': png, 'cat/old/2.png': png, 'dog/': text })).toMatch(
      'DATA has the folder dog without images',
    );
  });

  test.each<[string, Files]>([
    ['in it', { 'flowers/preview.jpg': jpeg }],
    ['next to it', { 'cover.png': png }],
    ['in it and next to it', { 'flowers/preview.jpg': jpeg, 'cover.png': png, 'flowers/a.gif.png': png }],
  ])(
    'a folder around all classes is none, whatever images lie loose %s; these are reported',
    async (_, loose) => {
      const files = { 'flowers/cat/1.png': png, 'flowers/dog/2.png': png, 'flowers/ship/3.png': png };
      expect(await openBoth({ ...files, ...loose })).toEqual({
        classes: ['cat', 'dog', 'ship'],
        images: { 'flowers/cat/1.png': 'cat', 'flowers/dog/2.png': 'dog', 'flowers/ship/3.png': 'ship' },
        skipped: Object.keys(loose)
          .map((path) => `${path}: in no folder of a class`)
          .sort(),
      });
    },
  );

  test('a folder around all classes with an empty one in it, or another folder next to it, is refused', async () => {
    const files = { 'flowers/cat/1.png': png, 'flowers/dog/2.png': png, 'flowers/preview.jpg': jpeg };
    expect(await openBoth({ ...files, 'flowers/emu/': text })).toMatch(
      'DATA has the folder emu without images',
    );
    rmSync(join(folder, 'flowers', 'emu'), { recursive: true });
    expect(await openBoth({ ...files, 'more/': text })).toMatch('DATA has the folder more without images');
  });

  test('images in no folder, and images in hidden folders, are reported; hidden files are not', async () => {
    const files = {
      ...{
        '1.png': png,
        'cat/2.png': png,
        'dog/3.png': png,
        'cat/.DS_Store': text,
        'cat/._2.png': text,
        '.hidden.png': png,
      },
      ...{
        'cat/.ipynb_checkpoints/4.png': png,
        'cat/.ipynb_checkpoints/5.jpg': jpeg,
        '.git/x': text,
        '__MACOSX/cat/._2.png': text,
      },
    };
    expect(await openBoth(files)).toEqual({
      classes: ['cat', 'dog'],
      images: { 'cat/2.png': 'cat', 'dog/3.png': 'dog' },
      skipped: ['1.png: in no folder of a class', 'cat/.ipynb_checkpoints: a hidden folder with 2 images'],
    });
  });

  test('a class that would lose all images is refused, with what it holds', async () => {
    const files = {
      'cat/1.png': png,
      'dog/1.heic': heic,
      'dog/2.heic': heic,
      'emu/.x.png': png,
      'fox/': text,
    };
    expect(await openBoth(files)).toBe(
      'DATA has the folders dog, emu, fox without images (JPEG, PNG, WebP, GIF, AVIF, TIFF), but with 2 .heic (HEIC is not read ' +
        'here: dog/1.heic, dog/2.heic); put images of that class into it, or remove it.',
    );
  });

  test('the parts of a data set are refused, in an archive and below a folder too', async () => {
    const files = { 'pets/train/cat/1.png': png, 'pets/train/dog/1.png': png, 'pets/val/cat/1.png': png };
    expect(await openBoth(files)).toMatch(
      'DATA holds the folders train and val, the parts of a data set. Give one of them: ',
    );
    rmSync(join(folder, 'pets'), { recursive: true });
    expect(await openBoth({ 'train/1.png': png, 'test/2.png': png })).toMatchObject({
      classes: ['test', 'train'],
    });
  });

  test('of many folders without images ten are named', async () => {
    const empty = Array.from({ length: 5000 }, (_, i) => ({ name: `z${i}/notes.txt`, data: text }));
    const tar = tarOf([{ name: 'cat/1.png', data: png }, ...empty]);
    expect(await open(() => tarDataset, tar)).toMatch(
      /^DATA has the folders z0, z1, z10, [^.]* and 4990 more without images \(.*\), but with 5000 \.txt \(not an image: /,
    );
  });

  const train = { 'train/cat/1.png': png, 'train/dog/1.png': png };
  test.each([
    ...['valid_set', 'validation', 'dev', 'testing', 'eval', 'val2017', 'Test-Images', 'holdout'].map(
      (part) => [part, { ...train, [`${part}/cat/1.png`]: png }],
    ),
    ['unlabeled', { ...train, 'unlabeled/1.png': png }],
    ['test', { ...train, 'train/cover.png': png, 'test/1.png': png }],
    ['extra', { ...train, 'extra/cat/1.png': png, 'extra/dog/1.png': png }],
  ] as [string, Files][])('train next to %s is a data set in parts, and refused', async (part, files) => {
    expect(await openBoth(files)).toMatch(
      `DATA holds the folders train and ${part}, the parts of a data set.`,
    );
  });

  test.each<[string, Files]>([
    ['a class called train', { 'train/1.png': png, 'bus/1.png': png, 'test/1.png': png }],
    [
      'its folders are of other names',
      { 'train/old/1.png': png, 'train/new/1.png': png, 'bus/red/1.png': png },
    ],
    ['it has one folder besides', { 'train/1.png': png, 'train/old/1.png': png, 'val/old/1.png': png }],
  ])('train is a class where %s', async (_, files) => {
    expect(await openBoth(files)).toMatchObject({ classes: expect.arrayContaining(['train']) });
  });

  test('what systems put next to the files is neither class nor image', async () => {
    const files = {
      ...{ 'cat/1.png': png, 'dog/2.png': png, 'cat/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg': jpeg },
      ...{ '@eaDir/x.png': png, '$RECYCLE.BIN/$R1.png': png, 'lost+found/#1.png': png, 'Thumbs.db': text },
      ...{ '.ipynb_checkpoints/a.txt': text, 'dog/thumbs.db': text, '__MACOSX/dog/._2.png': text },
    };
    expect(await openBoth(files)).toEqual({
      classes: ['cat', 'dog'],
      images: { 'cat/1.png': 'cat', 'dog/2.png': 'dog' },
      skipped: [],
    });
  });

  test('a name in the two forms of Unicode is one class; names that differ in the case are two', async () => {
    const files = { 'caf\u00e9/1.png': png, 'cafe\u0301/2.png': png, 'Tea/1.png': png, 'tea/1.png': png };
    expect(await openBoth(files)).toMatchObject({
      classes: ['Tea', 'caf\u00e9', 'tea'],
      images: { 'caf\u00e9/1.png': 'caf\u00e9', 'cafe\u0301/2.png': 'caf\u00e9' },
    });
  });
});

describe('images go by what is in them', () => {
  test('every format that sharp reads, whatever the name ends in', async () => {
    const picture = sharp(png);
    const content = {
      ...{ a: png, 'b.jfif': jpeg, 'c.JPE': jpeg, 'd.dat': jpeg, 'e.TIF': await picture.tiff().toBuffer() },
      ...{
        'f.tiff': await picture.tiff().toBuffer(),
        g: await picture.webp().toBuffer(),
        h: await picture.gif().toBuffer(),
      },
      'i.1': await picture.avif().toBuffer(),
    };
    write(Object.fromEntries(Object.entries(content).map(([name, bytes]) => [`cat/${name}`, bytes])));
    const dataset = await folderDataset(folder);
    expect(dataset.paths).toEqual(
      Object.keys(content)
        .sort()
        .map((name) => `cat/${name}`),
    );
    for (const place of dataset.paths!.keys())
      expect((await dataset.image(place)).data.length).toBeGreaterThan(0);
  });

  test('a camera raw file is no TIFF, though it begins as one and has a small preview', async () => {
    const tiff = await sharp(png).tiff().toBuffer();
    const opened = await openBoth({ 'cat/1.tif': tiff, 'cat/2.NEF': tiff, 'dog/1.tif': tiff });
    expect(opened).toMatchObject({ skipped: ['cat/2.NEF: camera raw is not read here'] });
  });

  test('those that are not read are counted, and reported once with examples', async () => {
    const files = {
      ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`cat/${10 + i}.bmp`, bmp])),
      ...{
        'cat/1.png': png,
        'dog/1.png': png,
        'dog/a.jxl': Buffer.from('\xff\x0a..', 'latin1'),
        'dog/b.ppm': Buffer.from('P6\n1 1\n'),
      },
      ...{
        'dog/c.svg': Buffer.from('<?xml version="1.0"?>\n<svg/><svg width="1">'),
        'dog/d.TXT': text,
        'dog/e.txt': text,
        'dog/f': text,
      },
    };
    write(files);
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    await folderDataset(folder);
    expect(warn.mock.calls).toEqual([
      [
        `${folder}: 18 files are left out: 12 .bmp (BMP is not read here: cat/10.bmp, cat/11.bmp, cat/12.bmp, …), ` +
          '2 .txt (not an image: dog/d.TXT, dog/e.txt), dog/a.jxl (JPEG XL is not read here), dog/b.ppm (PNM is not read here), ' +
          'dog/c.svg (SVG is not read here), and 1 more.',
      ],
    ]);
    warn.mockRestore();
  });

  test('formats by their beginnings', () => {
    expect(imageFormat(bmp)).toBe('BMP');
    expect(imageFormat(heic)).toBe('HEIC');
    expect(imageFormat(Buffer.from('II*\0\x10\0\0\0CR\x02\0', 'latin1'))).toBe('camera raw');
    expect(imageFormat(Buffer.from('II*\0\x08\0\0\0', 'latin1'))).toBe('TIFF');
    expect(formatOfName('x.DNG')).toBe('camera raw');
    expect(imageFormat(Buffer.from('\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf', 'latin1'))).toBe('AVIF');
    for (const none of ['', 'BM is a text', 'P7', '<html><svg>', 'PK\x03\x04', '\0'.repeat(600)])
      expect(imageFormat(Buffer.from(none))).toBeUndefined();
    expect(['x.JFIF', 'x.Tif', 'x.heif', 'x', 'png', 'x.png.txt'].map(formatOfName)).toEqual([
      ...['JPEG', 'TIFF', 'HEIC', undefined, undefined, undefined],
    ]);
    expect([decodedInPages.has('BMP'), decodedInPages.has('TIFF'), decodedFormats.has('SVG')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('links and what is no file', () => {
  test('a link to a folder or file is followed; loops, links to nothing and pipes are reported', async () => {
    const other = mkdtempSync(join(tmpdir(), 'skipscale-layout-'));
    write({ 'puppies/1.png': png, '2.png': png }, other);
    write({ 'cat/1.png': png });
    symlinkSync(join(other, 'puppies'), join(folder, 'dog'));
    symlinkSync(join(other, '2.png'), join(folder, 'cat', '2.png'));
    symlinkSync('..', join(folder, 'cat', 'loop'));
    symlinkSync('nothing', join(folder, 'cat', '3.png'));
    execFileSync('mkfifo', [join(folder, 'cat', '4.png')]);
    expect(await open(() => folderDataset)).toEqual({
      classes: ['cat', 'dog'],
      images: { 'cat/1.png': 'cat', 'cat/2.png': 'cat', 'dog/1.png': 'dog' },
      skipped: [
        'cat/3.png: a link to nothing',
        'cat/4.png: a pipe or device',
        'cat/loop: a link to a folder that it lies in',
      ],
    });
    rmSync(other, { recursive: true });
  });

  test.each(['', 'all/'])(
    'a link to nothing in the place of a class is refused: %szebra',
    async (wrapper) => {
      const files = { [`${wrapper}cat/1.png`]: png, [`${wrapper}dog/1.png`]: png };
      write(files);
      symlinkSync('/nonexist', join(folder, wrapper, 'zebra'));
      expect(await open(() => folderDataset)).toBe(
        `DATA has the link ${wrapper}zebra (a link to nothing) next to the folders of the classes. Put the folder itself there, or remove the link.`,
      );
      const entries = Object.entries(files).map(([name, data]) => ({ name, data }));
      const link = (target: string) => ({ name: `${wrapper}zebra`, type: '2', link: target });
      for (const target of ['/nonexist', 'cat'])
        expect(await open(() => tarDataset, tarOf([...entries, link(target)]))).toBe(
          `DATA has the link ${wrapper}zebra (a link to ${target}, which is no file of the archive) next to the folders of the classes. ` +
            'Put the folder itself there, or remove the link.',
        );
    },
  );

  test('a link to nothing next to the one folder with images is refused too', async () => {
    write({ 'cat/old/1.png': png, 'cat/new/1.png': png });
    symlinkSync('/nonexist', join(folder, 'zebra'));
    expect(await open(() => folderDataset)).toMatch('DATA has the link zebra (a link to nothing)');
  });
});

test('a folder that is left out stands before all files', () => {
  const files = ['a.txt', 'b.md', 'c.bmp', 'd.csv', 'e.json', 'f.xml'].flatMap((path) => [
    { path: `1${path}`, reason: 'not an image' },
    { path: `2${path}`, reason: 'not an image' },
  ]);
  const hidden = { path: '.zebra', reason: 'a hidden folder with 9 images', isFolder: true };
  expect(describeSkipped([...files, hidden])).toMatch(/^\.zebra \(a hidden folder with 9 images\), 2 /);
});

test('of any tree, every file that is not hidden is an image of the data set or reported, once', async () => {
  const name = fc.constantFrom('a', 'b', 'cat', 'dog', '.x', '__MACOSX', 'train', 'é');
  const end = fc.constantFrom('1.png', '2.PNG', '3', '4.txt', '5.bmp', '6.jpg', '.7.png', '8.heic');
  const content = fc.constantFrom(png, jpeg, bmp, heic, text, Buffer.alloc(0));
  const file = fc.tuple(fc.array(name, { maxLength: 3 }), end, content);
  let complete = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 8 }), async (list) => {
      const files = Object.fromEntries(
        list.map(([folders, end, content]) => [[...folders, end].join('/'), content]),
      );
      rmSync(folder, { recursive: true });
      const opened = await openBoth({ ...files, 'cat/0.png': png, 'dog/0.png': png });
      if (typeof opened === 'string') {
        expect(opened).toMatch(/^DATA (has the folders?|holds the folders train and) /);
        return;
      }
      complete++;
      const reported = opened.skipped.map((line) => line.split(': ')[0]!).filter((path) => !isHidden(path));
      const expected = [...Object.keys({ ...files, 'cat/0.png': png, 'dog/0.png': png })].filter(
        (path) => !isHidden(path),
      );
      expect([...Object.keys(opened.images), ...reported].sort()).toEqual(expected.sort());
    }),
    { numRuns: 200, seed: 3 },
  );
  expect(complete).toBeGreaterThan(50);
});
