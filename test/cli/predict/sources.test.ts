import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import type { SourceOptions } from '../../../src/cli/predict/source-image.js';
import { sourceImages } from '../../../src/cli/predict/sources.js';
import type { SkippedFile } from '../../../src/training/data/skipped.js';
import { closeServers, serve } from '../../helpers/serve.js';
import { tarOf } from '../../helpers/tar.js';

let folder: string;
let photos: string;
const at = (...parts: string[]) => join(folder, ...parts);
const places = ['a.png', 'b/1.png', 'b/2.png', 'b/deep/x.png', 'c.png', 'd.png', 'e.png'];
/** Files that begin as PNGs do, each another. */
const files = places.map((place) =>
  Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...Buffer.from(place.padEnd(600, '.'))),
);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-sources-'));
  photos = at('photos');
  mkdirSync(join(photos, 'b', 'deep'), { recursive: true });
  places.forEach((place, i) => writeFileSync(join(photos, place), files[i]!));
  writeFileSync(join(photos, 'notes.md'), 'no image');
  writeFileSync(join(photos, '.hidden.png'), files[0]!);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(closeServers);

interface Found {
  readonly image: string;
  readonly progress: number;
  /** The place of its bytes in `files`, or why there are none. */
  readonly file: number | string;
}

const skipped: SkippedFile[] = [];
beforeEach(() => skipped.splice(0));

async function found(sources: string[], options: Partial<SourceOptions> = {}): Promise<Found[]> {
  const all: Found[] = [];
  for await (const { image, progress, read } of sourceImages(sources, {
    onSkip: (file) => skipped.push(file),
    ...options,
  })) {
    all.push({ image, progress, file: await fileOf(read) });
  }
  return all;
}

async function fileOf(read: () => unknown): Promise<number | string> {
  try {
    const given = await read();
    const bytes = typeof given === 'string' ? readFileSync(given) : Buffer.from(given as Uint8Array);
    return files.findIndex((file) => bytes.equals(file));
  } catch (error) {
    return (error as Error).message;
  }
}

/** Expects all files in their order, and progress from above 0 up to 1. */
function expectAll(all: readonly Found[]): void {
  expect(all.map(({ file }) => file)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const shares = all.map(({ progress }) => progress);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares[0]).toBeGreaterThan(0);
  expect(shares.at(-1)).toBeGreaterThan(0.8); // Other files may come after it.
  expect(shares.at(-1)).toBeLessThanOrEqual(1);
}

test('a folder with the folders in it, in the order of the names, and what is left out', async () => {
  const all = await found([photos]);
  expectAll(all);
  expect(all.map(({ image }) => image)).toEqual(places.map((place) => join(photos, place)));
  expect(skipped).toEqual([{ path: 'notes.md', reason: 'not an image' }]);
});

test('a pattern, and several sources one after the other', async () => {
  expectAll(await found([join(photos, '**', '*.png')]));
  const all = await found([join(photos, 'e.png'), join(photos, 'b'), join(photos, '[ac].png')]);
  expect(all.map(({ file }) => file)).toEqual([6, 1, 2, 3, 0, 4]);
});

test('tar archives, plain and of gzip: entries with ../ stay names, and other files are left out', async () => {
  const entries = files.map((data, i) => ({ name: `${i === 3 ? '../../etc/' : './'}${i}.png`, data }));
  const others = ['0.cls', '0.json'].map((name) => ({ name, data: '{}' }));
  writeFileSync(at('shard-0.tar'), tarOf([...others, ...entries.slice(0, 4)]));
  writeFileSync(at('shard-1.tar.gz'), gzipSync(tarOf(entries.slice(4))));
  const all = await found([at('shard-*')]);
  expectAll(all);
  expect(all[3]!.image).toBe(`${at('shard-0.tar')}/etc/3.png`);
  expect(skipped.map(({ path }) => path)).toEqual(['0.cls', '0.json']);
  expect(readdirSync(folder)).not.toContain('etc');
});

test('an archive is closed when its last image is read or left out', async () => {
  writeFileSync(at('one.tar'), tarOf(files.slice(0, 3).map((data, i) => ({ name: `${i}.png`, data }))));
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  const images = [];
  for await (const image of sourceImages([at('one.tar')], { onSkip: () => {} })) images.push(image);
  expect(open()).toBe(before + 1);
  images[0]!.skip!();
  await images[2]!.read();
  expect(open()).toBe(before + 1);
  await images[1]!.read();
  expect(open()).toBe(before);
});

test('a list of paths and URLs, and the same on standard input', async () => {
  const origin = await serve((request, response) => {
    const i = Number(/\/(\d)\.png/.exec(request.url!)?.[1]);
    response.writeHead(files[i] ? 200 : 404).end(files[i] ?? '');
  });
  const lines = [
    'a.png',
    `${origin}/1.png`,
    'b/2.png',
    `${origin}/3.png?key=secret`,
    'c.png',
    ' d.png ',
    'e.png',
  ];
  writeFileSync(join(photos, 'list.lst'), `\uFEFF${lines.join('\r\n')}\n\n`);
  const all = await found([join(photos, 'list.lst')], { allowPrivate: true });
  expectAll(all);
  expect(all[3]!.image).toBe(`${origin}/3.png?key=…`);
  rmSync(join(photos, 'list.lst'));

  const input = Readable.from([...files.keys(), 9].map((i) => `${origin}/${i}.png\n`));
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!;
  Object.defineProperty(process, 'stdin', { value: input, configurable: true });
  try {
    const listed = await found(['-'], { allowPrivate: true });
    expect(listed.slice(0, 7).map(({ file }) => file)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(listed[7]!.file).toMatch('the server answered 404');
  } finally {
    Object.defineProperty(process, 'stdin', stdin);
  }
});

test('a table with quotes, whose column is found or named', async () => {
  const table = (name: string) =>
    `"id, or so",${name}\r\n${places.map((p, i) => `${i},"${p}"`).join('\r\n')}`;
  const file = join(photos, 'table.csv');
  writeFileSync(file, table('Path'));
  expectAll(await found([file]));
  writeFileSync(file, table('where'));
  expectAll(await found([file], { column: 'where' }));
  await expect(found([file])).rejects.toThrow(
    'has no column whose name says that it holds images; name one by --column, of: id, or so, where.',
  );
  await expect(found([file], { column: 'there' })).rejects.toThrow('has no column there; name one');
  rmSync(file);
});

test('Parquet with bytes, with structures of bytes, and with paths', async () => {
  const filename = at('images.parquet');
  const bytes = { name: 'image', data: files, type: 'BYTE_ARRAY' as const };
  parquetWriteFile({ filename, columnData: [bytes], rowGroupSize: 3 });
  const plain = await found([filename]);
  expectAll(plain);
  expect(plain[4]!.image).toBe(`${filename}#4`);
  // As Hugging Face's data sets have them.
  parquetWriteFile({
    filename,
    columnData: [{ name: 'image', data: files.map((file, i) => ({ bytes: file, path: `${i}.png` })) }],
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'image', num_children: 2, repetition_type: 'OPTIONAL' },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ],
  });
  const structures = await found([filename]);
  expectAll(structures);
  expect(structures[4]!.image).toBe(`${filename}#4/4.png`);
  const column = { name: 'url', data: ['photos/a.png', null, 'photos/b/2.png'], type: 'STRING' as const };
  parquetWriteFile({ filename, columnData: [column] });
  expect((await found([filename])).map(({ file }) => file)).toEqual([
    0,
    'the cell is null, which is no image',
    2,
  ]);
});

test('a place among others that cannot be read is an error in its place, and alone it is thrown', async () => {
  const whole = Buffer.from(tarOf([{ name: '0.png', data: files[0]! }]));
  for (const [name, content, message] of [
    ['cut.tar', whole.subarray(0, 800), /cut\.tar is no whole tar archive/],
    ['bad.parquet', 'no table at all', /bad\.parquet cannot be read as Parquet/],
    ['zip.tar', 'PK\x03\x04'.padEnd(900), /it is zip|it is a zip/],
  ] as const) {
    writeFileSync(at(name), content);
    await expect(found([at(name)])).rejects.toThrow(message);
    const all = await found([join(photos, 'a.png'), at(name), join(photos, 'c.png')]);
    expect(all.map(({ file }) => file)).toEqual([0, expect.stringMatching(message), 4]);
  }
  await expect(found([at('none')])).rejects.toThrow('there is no such file or folder');
  await expect(found([at('no*.png')])).rejects.toThrow('matches no file');
});

test('a long list is not held in memory', async () => {
  const line = `${'folder/'.repeat(20)}x.png\n`;
  writeFileSync(at('long.txt'), line.repeat(150_000)); // 22 MB
  const heap = () => process.memoryUsage().heapUsed;
  const before = heap();
  let [count, most] = [0, 0];
  for await (const { image } of sourceImages([at('long.txt')], { onSkip: () => {} })) {
    if (image.length !== line.length - 1) throw new Error(image);
    if (++count % 10_000 === 0) most = Math.max(most, heap() - before);
  }
  expect(count).toBe(150_000);
  expect(most).toBeLessThan(40e6);
  rmSync(at('long.txt'));
});
