import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Random } from '../../../src/core/random.js';
import { openArchive as openInPage } from '../../../src/training/data/open-archive.browser.js';
import type { ArchiveSource } from '../../../src/training/data/archive-bytes.js';
import type { SkippedFile } from '../../../src/training/data/skipped.js';
import { tarDataset } from '../../../src/training/data/tar.js';
import { paxRecord, tarOf, type TarEntry } from '../../helpers/tar.js';
import { expectedPixels, imageFile } from '../../vision/golden-vision.js';

const rgb = readFileSync(imageFile('rgb.png'));
const grey = readFileSync(imageFile('grey.png'));
const dog = { name: 'dog/1.png', data: rgb };
const cat = { name: 'cat/1.png', data: grey };

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-tar-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** The paths of the images with their pixels' size, and what is reported. */
async function opened(source: ArchiveSource) {
  const skipped: SkippedFile[] = [];
  const dataset = await tarDataset(source, { onSkip: (file) => skipped.push(file) });
  return { dataset, classes: dataset.classes, paths: dataset.paths!, skipped };
}

async function expectPicture(
  image: ReturnType<Awaited<ReturnType<typeof tarDataset>>['image']>,
  name: string,
) {
  const [{ data }, expected] = [await image, expectedPixels(name)];
  expect(Buffer.from(data).equals(Buffer.from(expected.data))).toBe(true);
}

function expectSecond(start: NodeJS.CpuUsage): void {
  const { user, system } = process.cpuUsage(start);
  expect(user + system).toBeLessThan(1e6);
}

/** The error, which must come within a second of the processor. */
async function failure(source: ArchiveSource): Promise<string> {
  const start = process.cpuUsage();
  const { message } = await tarDataset(source).then(
    () => new Error('no error'),
    (error: Error) => error,
  );
  expectSecond(start);
  return message;
}

describe('entries of every kind are read, or reported', () => {
  const long = `cat/${'long'.repeat(40)}.png`;

  test.each<[string, TarEntry[]]>([
    [
      "GNU's long names",
      [
        { name: '././@LongLink', type: 'L', data: `${long}\0` },
        { ...cat, name: long.slice(0, 100) },
      ],
    ],
    [
      'pax names',
      [
        { name: 'x', type: 'x', data: paxRecord('path', long) },
        { ...cat, name: 'short.png' },
      ],
    ],
    ["POSIX's prefix", [{ ...cat, prefix: 'cat', name: `${'long'.repeat(22)}.png` }]],
    ['global headers', [{ name: 'g', type: 'g', data: paxRecord('comment', 'abc') }, cat]],
    ['absolute paths', [{ ...cat, name: '/cat/1.png' }]],
    ['paths with ..', [{ ...cat, name: '../x/../cat/1.png' }]],
    ['paths of Windows', [{ ...cat, name: 'C:\\cat\\1.png' }]],
    ['files of the old type 7', [{ ...cat, type: '7' }]],
    ['folders with a size', [{ name: 'cat', type: '5', size: '00000007777\0' }, cat]],
    ['a size in pax alone', [{ name: 'x', type: 'x', data: paxRecord('size', `${grey.length}`) }, cat]],
    [
      'a size of base 256',
      [{ ...cat, size: `\x80${'\0'.repeat(9)}${String.fromCharCode(grey.length >> 8, grey.length & 255)}` }],
    ],
  ])('%s', async (_, entries) => {
    const { dataset, classes, skipped } = await opened(tarOf([...entries, dog]));
    expect([classes, skipped]).toEqual([['cat', 'dog'], []]);
    await expectPicture(dataset.image(0), 'grey.png');
    await expectPicture(dataset.image(1), 'rgb.png');
  });

  test('links to files of the archive are files; others are reported', async () => {
    const { dataset, paths, skipped } = await opened(
      tarOf([
        { name: 'dog/2.png', type: '2', link: '../cat/2.png' },
        { name: 'cat/2.png', type: '2', link: '1.png' },
        cat,
        { name: 'dog/3.png', type: '1', link: 'cat/1.png' },
        dog,
        { name: 'dog/4.png', type: '2', link: '/etc/passwd' },
        { name: 'dog/5.png', type: '2', link: '5.png' },
        { name: 'dog/6.png', type: '1', link: 'cat/9.png' },
        { name: 'dog/7', type: '2', link: '../cat' },
      ]),
    );
    expect(paths).toEqual(['cat/1.png', 'cat/2.png', 'dog/1.png', 'dog/2.png', 'dog/3.png']);
    for (const place of [0, 1, 3, 4]) await expectPicture(dataset.image(place), 'grey.png');
    const shown = (path: string, link: string) => ({
      path,
      reason: `a link to ${link}, which is no file of the archive`,
    });
    expect(skipped).toEqual([
      shown('dog/4.png', '/etc/passwd'),
      shown('dog/5.png', '5.png'),
      shown('dog/6.png', 'cat/9.png'),
      shown('dog/7', '../cat'),
    ]);
  });

  test('of files with the same name the last counts, and the others are reported', async () => {
    const { dataset, paths, skipped } = await opened(
      tarOf([{ ...cat, data: rgb }, dog, { ...cat, name: './cat/1.png' }]),
    );
    expect(paths).toEqual(['./cat/1.png', 'dog/1.png']);
    await expectPicture(dataset.image(0), 'grey.png');
    expect(skipped).toEqual([{ path: 'cat/1.png', reason: 'a later file has the same name' }]);
  });

  test('files with holes, devices, pipes and unknown kinds are reported', async () => {
    const sparse = paxRecord('GNU.sparse.major', '1') + paxRecord('GNU.sparse.name', 'cat/holes.png');
    const { paths, skipped } = await opened(
      tarOf([
        cat,
        { name: 'x', type: 'x', data: sparse },
        { ...cat, name: 'GNUSparseFile.0/holes.png' },
        { ...cat, name: 'cat/old.png', type: 'S' },
        { name: 'cat/tty', type: '3' },
        { name: 'cat/pipe', type: '6' },
        { name: 'cat/what', type: 'Q', data: 'abc' },
        dog,
      ]),
    );
    expect(paths).toEqual(['cat/1.png', 'dog/1.png']);
    expect(skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      'cat/holes.png: a file with holes',
      'cat/old.png: a file with holes',
      'cat/pipe: a pipe',
      'cat/tty: a device',
      'cat/what: an entry of the unknown type Q',
    ]);
  });

  test('archives that were put together are one; what is no archive behind the end is no matter', async () => {
    expect((await opened(Buffer.concat([tarOf([cat]), tarOf([dog])]))).paths).toEqual([
      'cat/1.png',
      'dog/1.png',
    ]);
    expect(
      (await opened(Buffer.concat([tarOf([cat, dog]), Buffer.from('junk'.repeat(200))]))).skipped,
    ).toEqual([]);
  });

  test('no mark of the end is reported: the archive may be cut off between two files', async () => {
    const { paths, skipped } = await opened(tarOf([cat, dog], { end: 0 }));
    expect(paths).toHaveLength(2);
    expect(skipped).toEqual([{ path: 'dog/1.png', reason: expect.stringContaining('may be cut off') }]);
  });

  test("what GNU's tar writes: a real archive of every format", async () => {
    execFileSync('mkdir', ['-p', join(folder, 'data', 'cat'), join(folder, 'data', 'dog', 'ü'.repeat(60))]);
    writeFileSync(join(folder, 'data', long), grey);
    writeFileSync(join(folder, 'data', 'dog', 'ü'.repeat(60), `${'é'.repeat(60)}.png`), rgb);
    execFileSync('ln', [join(folder, 'data', long), join(folder, 'data', 'cat', 'hard.png')]);
    for (const format of ['gnu', 'pax']) {
      execFileSync('tar', ['-C', folder, `--format=${format}`, '-czf', join(folder, 'x.tgz'), 'data']);
      const { dataset, classes, paths, skipped } = await opened(join(folder, 'x.tgz'));
      expect([classes, paths.length, skipped]).toEqual([['cat', 'dog'], 3, []]);
      await expectPicture(dataset.image(0), 'grey.png');
      await expectPicture(dataset.image(1), 'grey.png');
      await expectPicture(dataset.image(2), 'rgb.png');
    }
  });
});

describe('damaged archives: the error names the archive and the entry, within a second', () => {
  test.each([
    ['a negative size', { ...cat, size: '-0000000012\0' }, 'the size of cat/1.png is no number of bytes'],
    [
      'a negative size of base 256',
      { ...cat, size: '\xff'.repeat(12) },
      'the size of cat/1.png is no number of bytes',
    ],
    [
      'a size that is no number',
      { ...cat, size: 'many bytes\0\0' },
      'the size of cat/1.png is no number of bytes',
    ],
    [
      'a size with other digits',
      { ...cat, size: '00000009999\0' },
      'the size of cat/1.png is no number of bytes',
    ],
    ['an absurd size', { ...cat, size: '77777777777\0' }, 'cat/1.png should have 8589934591 bytes, and '],
    [
      'an absurd size of base 256',
      { ...cat, size: `\x80${'\0'.repeat(5)}\x7f${'\0'.repeat(5)}` },
      'cat/1.png should have 139637976727552 bytes, and ',
    ],
    [
      'a size beyond any number',
      { ...cat, size: `\x80${'\xff'.repeat(11)}` },
      'the size of cat/1.png is no number of bytes',
    ],
    ['a checksum that is wrong', { ...cat, isWhole: false }, 'no entry follows dog/1.png, at byte '],
    [
      'a pax header that is damaged',
      { name: 'px', type: 'x', data: '99 path=cat/1.png\n' },
      'the header px is damaged',
    ],
    [
      'a pax size that is none',
      { name: 'px', type: 'x', data: paxRecord('size', '-5') },
      'the size of cat/1.png is no number of bytes',
    ],
    [
      'an absurd pax size',
      { name: 'px', type: 'x', data: paxRecord('size', '1e15') },
      'cat/1.png should have 1000000000000000 bytes',
    ],
    [
      'a name of gigabytes',
      { name: 'px', type: 'L', size: '77777777777\0' },
      'px should have 8589934591 bytes, and ',
    ],
  ])('%s', async (_, entry, message) => {
    const path = join(folder, 'broken.tar');
    writeFileSync(path, tarOf([dog, entry, cat]));
    for (const source of [path, pathToFileURL(path)]) {
      const said = await failure(source);
      expect(said).toContain(`${source} is no whole tar archive (${message}`);
      expect(said).toMatch(/\. Give one, plain or \.tar\.gz, or a folder of images\.$/);
    }
  });

  test('cut off anywhere', async () => {
    const whole = tarOf([dog, cat]);
    const [first, second] = [512, 512 + 512 * Math.ceil(rgb.length / 512) + 512];
    expect(await failure(whole.subarray(0, 100))).toContain('it is too short');
    expect(await failure(whole.subarray(0, first + 9))).toContain(
      `dog/1.png should have ${rgb.length} bytes, and 9 are left`,
    );
    expect(await failure(whole.subarray(0, second - 200))).toContain('it is cut off after dog/1.png');
    expect(await failure(whole.subarray(0, second + 9))).toContain(
      `cat/1.png should have ${grey.length} bytes, and 9 are left`,
    );
    // Within the zeros that fill up the last block, and within the next header.
    for (const end of [first + rgb.length, first + rgb.length + 1, second - 513, second - 511, second - 1])
      expect(await failure(whole.subarray(0, end))).toContain('it is cut off after dog/1.png');
    expect(await failure(new Uint8Array())).toContain('it is empty');
  });

  test('gzip cut off, and damaged', async () => {
    const random = new Random(1);
    const noise = Uint8Array.from({ length: 100_000 }, () => random.integer(256));
    const packed = gzipSync(tarOf([dog, { name: 'cat/1.png', data: noise }]));
    const path = join(folder, 'x.tar.gz');
    writeFileSync(path, packed.subarray(0, 50_000));
    expect(await failure(path)).toMatch(
      /x\.tar\.gz is damaged: gzip cannot unpack it\. \d+ bytes were unpacked when it broke off/,
    );
    writeFileSync(path, packed.with(60_000, packed[60_000]! ^ 255));
    expect(await failure(path)).toContain('x.tar.gz is damaged: gzip cannot unpack it.');
  });

  test('other archives, a folder, a pipe, nothing at all', async () => {
    expect(await failure(Buffer.from('PK\x03\x04'.padEnd(600)))).toContain('it is a zip; unpack it');
    expect(await failure(Buffer.from('BZh91AY'.padEnd(600)))).toContain('it is bzip2; unpack it');
    expect(await failure(folder)).toContain(`${folder} cannot be read (it is a folder, and no file)`);
    expect(await failure(undefined as never)).toBe(
      'The archive is undefined; give a path, a URL, its bytes, or a File.',
    );
    expect(await failure(Promise.resolve('x.tar') as never)).toContain('a promise, which has to be awaited');
    expect(await failure(join(folder, 'none'))).toContain('none cannot be read (ENOENT');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await failure(join(folder, 'pipe'))).toContain(
      'pipe cannot be read (it is a pipe or device, and no file)',
    );
    expect(await failure('/dev/zero')).toContain('/dev/zero cannot be read (it is a pipe or device');
  });

  test('a thousand archives with damaged bytes: an error or a data set, and never a wait', async () => {
    const random = new Random(7);
    const whole = tarOf([
      { name: './cat/', type: '5' },
      { name: 'x', type: 'x', data: paxRecord('path', './cat/1.png') },
      cat,
      { name: 'dog/2.png', type: '1', link: 'cat/1.png' },
      dog,
    ]);
    for (let i = 0; i < 1000; i++) {
      const bytes = Buffer.from(whole);
      for (let flips = random.integer(4); flips >= 0; flips--)
        bytes[random.integer(bytes.length)] = random.integer(256);
      const source = bytes.subarray(0, random.integer(4) === 0 ? random.integer(bytes.length) : bytes.length);
      const start = process.cpuUsage();
      const error = await tarDataset(source, { onSkip: () => {} }).catch((error: Error) => error);
      expectSecond(start);
      if (error instanceof Error) expect(error.message).toMatch(/^The file of \d+ bytes .*(Give|give|put)/);
    }
  });
});

describe('archives larger than memory', () => {
  const MB = 2 ** 20;

  test('a plain one of 64 GB is read in place', async () => {
    const path = join(folder, 'large.tar');
    const file = openSync(path, 'w');
    const size = 8 * 2 ** 30 - 512;
    for (let i = 0; i < 8; i++) {
      const claims = { name: `cat/${i}.mp4`, size: `${size.toString(8)}\0` };
      writeSync(file, tarOf([claims], { end: 0 }), 0, 512, i * (size + 512));
    }
    writeSync(file, tarOf([cat, dog]), 0, undefined, 8 * (size + 512));
    closeSync(file);
    const before = process.memoryUsage().rss;
    const { dataset, skipped } = await opened(path);
    await expectPicture(dataset.image(0), 'grey.png');
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * MB);
    expect(skipped).toHaveLength(8);
  });

  test('what gzip packed goes to a file that has no name', async () => {
    const random = new Random(1);
    // No shorter for gzip, which looks back by 32 kB.
    const noise = Buffer.alloc(
      12 * MB,
      Uint8Array.from({ length: MB / 8 }, () => random.integer(256)),
    );
    const films = Array.from({ length: 3 }, (_, i) => ({ name: `cat/${i}.mp4`, data: noise }));
    const path = join(folder, 'x.tar.gz');
    writeFileSync(path, gzipSync(tarOf([...films, cat, dog]), { level: 1 }));
    const names = () => readdirSync(tmpdir()).filter((name) => /^skipscale-[0-9a-f]{8}-/.test(name));
    const { dataset, skipped } = await opened(path);
    expect(names()).toEqual([]);
    rmSync(path);
    await expectPicture(dataset.image(0), 'grey.png');
    await expectPicture(dataset.image(1), 'rgb.png');
    expect(skipped).toHaveLength(3);
  });

  /** A gzip of a tar archive whose one film of zeros has 1.2 GB. */
  const bomb = (() => {
    const size = 1200 * MB;
    const head = tarOf([cat, dog, { name: 'dog/2.mp4', size: `${size.toString(8).padStart(11, '0')}\0` }], {
      end: 0,
    });
    // Members of gzip that follow each other unpack to one file.
    const zeros = gzipSync(Buffer.alloc(100 * MB));
    return Buffer.concat([gzipSync(head), ...Array.from({ length: 12 }, () => zeros)]);
  })();

  test('one that unpacks to a thousand times its size is refused in constant memory, within a second', async () => {
    const path = join(folder, 'bomb.tar.gz');
    writeFileSync(path, bomb);
    const before = process.memoryUsage().rss;
    expect(await failure(path)).toMatch(
      /bomb\.tar\.gz is refused: its first \d+ bytes unpack to \d+, more than 250 times/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MB);
  });

  test('a space that is too small is named', async () => {
    const spy = jest.spyOn(os, 'tmpdir').mockReturnValue(join(folder, 'nowhere'));
    const noise = Buffer.alloc(40 * MB);
    for (let i = 0; i < noise.length; i += 64) noise[i] = i % 251;
    const path = join(folder, 'x.tar.gz');
    writeFileSync(path, gzipSync(tarOf([{ name: 'cat/1.mp4', data: noise }, cat, dog]), { level: 1 }));
    expect(await failure(path)).toMatch(
      /x\.tar\.gz cannot be unpacked into the folder .*nowhere \(ENOENT.*TMPDIR/,
    );
    spy.mockRestore();
  });

  test('in a page: a File, unpacked as a Blob, the same limits', async () => {
    const tar = tarOf([cat, dog]);
    const file = new File([gzipSync(tar)], 'pets.tar.gz');
    const bytes = await openInPage(file, 'pets.tar.gz');
    expect(bytes.size).toBe(tar.length);
    expect(await bytes.read(512, 10)).toEqual(new Uint8Array(grey.subarray(0, 10)));
    const plain = await openInPage(new File([tar], 'pets.tar'), 'pets.tar');
    expect(await plain.read(0, tar.length)).toEqual(tar);
    await expect(openInPage(new Blob([bomb]), 'bomb.tar.gz')).rejects.toThrow(
      'bomb.tar.gz is refused: its first',
    );
    const cut = gzipSync(Buffer.from(tar)).subarray(0, 60);
    await expect(openInPage(new Uint8Array(cut), 'cut.tgz')).rejects.toThrow(
      'cut.tgz is damaged: gzip cannot unpack it.',
    );
    expect((await opened(new File([tar], 'pets.tar'))).dataset.name).toBe('pets.tar');
  });
});
