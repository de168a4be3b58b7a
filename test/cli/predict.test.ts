import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import sharp from 'sharp';
import { classify, encodePng, pretrained, type Classification } from '../../src/index.js';
import { Random } from '../../src/core/random.js';
import { closeServers, serve } from '../helpers/serve.js';
import { expectError, skipscale } from '../helpers/skipscale.js';

let folder: string;
let photos: string;
/** PNGs of noise, in the order of their names. */
const files: Uint8Array[] = [];
let expected: Classification[][];
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-predict-'));
  photos = at('photos');
  const random = new Random(1);
  for (let i = 0; i < 7; i++) {
    const [width, height] = [20 + random.integer(30), 20 + random.integer(30)];
    const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
    files.push(await encodePng({ width, height, data }));
  }
  mkdirSync(join(photos, 'b', 'deep'), { recursive: true });
  const places = ['a.png', 'b/1.png', 'b/2.png', 'b/deep/x.png', 'c.png', 'd.png', 'e.png'];
  places.forEach((place, i) => writeFileSync(join(photos, place), files[i]!));
  writeFileSync(join(photos, 'notes.txt'), 'no image');
  writeFileSync(join(photos, '.hidden.png'), files[0]!);
  const model = await pretrained('resnet20');
  expected = await classify(model.fuse(), files, { top: 2 });
  model.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(closeServers);

interface JsonRow {
  index: number;
  image: string;
  classes?: Classification[];
  features?: number[];
  error?: string;
}

/** Runs the command, and gives the rows that it wrote. */
async function rowsOf(...args: string[]): Promise<JsonRow[]> {
  const out = at('rows.jsonl');
  const result = await skipscale('predict', ...args, '--out', out, '--top', '2', '--workers', '0');
  expect(result).toMatchObject({ status: 0 });
  return linesOf(out);
}

function linesOf(out: string): JsonRow[] {
  const text = readFileSync(out, 'utf8').trimEnd();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as JsonRow);
}

describe('rows', () => {
  test('CSV and Parquet say the same as JSON, and the manifest how it was made', async () => {
    writeFileSync(at('odd, "name".png'), 'no image');
    const sources = [photos, at('odd*')];
    const rows = await rowsOf(...sources, '--features', 'globalPool');
    expect(rows.map(({ classes }) => classes)).toEqual([...expected, undefined]);
    const write = (out: string) =>
      skipscale(
        'predict',
        ...sources,
        '--out',
        out,
        '--top',
        '2',
        '--features',
        'globalPool',
        '--workers',
        '0',
      );
    expect((await write(at('rows.csv'))).status).toBe(0);
    const text = readFileSync(at('rows.csv'), 'utf8');
    const [head, ...lines] = text.trimEnd().split('\n');
    expect(head).toBe(
      'index,image,label_1,class_1,probability_1,label_2,class_2,probability_2,features,error',
    );
    const [a, b] = rows[0]!.classes!;
    expect(lines[0]).toBe(
      `0,${rows[0]!.image},${a!.label},${a!.index},${a!.probability},${b!.label},${b!.index},${b!.probability},` +
        `"${JSON.stringify(rows[0]!.features)}",`,
    );
    expect(rows[0]!.features).toHaveLength(64);
    expect(lines[7]).toMatch(/^7,".*odd, ""name""\.png",,,,,,,,".*cannot be decoded/);

    expect((await write(at('rows.parquet'))).status).toBe(0);
    const stored = await parquetReadObjects({ file: await asyncBufferFromFile(at('rows.parquet')) });
    expect(stored).toHaveLength(8);
    stored.forEach((row, i) => {
      const { index, image, classes, features, error } = rows[i]!;
      expect(row).toMatchObject({ index: BigInt(index), image, error: error ?? null });
      classes?.forEach(({ label, index: place, probability }, k) => {
        const found = [row[`label_${k + 1}`], row[`class_${k + 1}`], row[`probability_${k + 1}`]];
        expect(found).toEqual([label, place, probability]);
      });
      expect(row.features).toEqual(features ?? null);
    });

    const manifest = JSON.parse(readFileSync(at('rows.parquet.manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      sources,
      output: { rows: 8, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      counts: { images: 8, predicted: 7, errors: 1, skipped: 1 },
      model: { name: 'resnet20', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      options: { top: 2, features: 'globalPool', batchSize: 32 },
      versions: { backend: 'simd' },
    });
    rmSync(at('odd, "name".png'));
  });

  test('--shard: each part has its batches, and all together are the whole, bit for bit', async () => {
    const whole = await rowsOf(photos, '--batch-size', '2');
    const out = at('part.jsonl');
    for (const part of ['0/3', '1/3', '2/3', '4/5']) {
      const args = ['--shard', part, '--batch-size', '2', '--top', '2', '--workers', '0'];
      expect((await skipscale('predict', photos, '--out', out, ...args)).status).toBe(0);
    }
    const parts = [0, 1, 2].map((i) => linesOf(at(`part-0000${i}-of-00003.jsonl`)));
    expect(parts.map((rows) => rows.map(({ index }) => index))).toEqual([
      [0, 1, 6],
      [2, 3],
      [4, 5],
    ]);
    expect(parts.flat().sort((a, b) => a.index - b.index)).toEqual(whole);
    expect(linesOf(at('part-00004-of-00005.jsonl'))).toEqual([]);
  });
});

describe('faults', () => {
  test('what cannot be read is a row with its error, and the others have theirs', async () => {
    writeFileSync(
      at('cut.jpg'),
      await sharp(files[0])
        .jpeg()
        .toBuffer()
        .then((all) => all.subarray(0, 400)),
    );
    writeFileSync(at('broken.tar'), 'no archive at all');
    writeFileSync(at('broken.parquet'), 'no table at all');
    writeFileSync(
      at('one.lst'),
      ['cut.jpg', 'lost.jpg', '/dev/zero', 'photos', 'http:x.jpg', 'photos/a.png'].join('\n'),
    );
    const rows = await rowsOf(at('one.lst'), at('broken.*'), join(photos, 'c.png'));
    const errors = rows.map(({ error }) => error);
    expect(errors[0]).toMatch(/cut\.jpg cannot be decoded/);
    expect(errors[1]).toMatch(/lost\.jpg cannot be read/);
    expect(errors[2]).toMatch(/a device, which may never end/);
    expect(errors[3]).toMatch(/is a folder/);
    expect(errors[4]).toMatch(/is no whole URL/);
    expect(errors[6]).toMatch(/broken\.parquet/);
    expect(errors[7]).toMatch(/broken\.tar is no whole tar archive/);
    expect([rows[5]!.classes, rows[8]!.classes]).toEqual([expected[0], expected[4]]);
  });

  test('URLs of this machine are refused, in whatever way they are written', async () => {
    let asked = 0;
    const origin = await serve((_, response) => {
      asked++;
      response.end(files[0]);
    });
    const { port } = new URL(origin);
    const hosts = [
      '127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
    ];
    const lines = [
      ...hosts.map((host) => `http://${host}:${port}/x.png`),
      'http://169.254.169.254/latest',
      'http://10.0.0.7/',
    ];
    writeFileSync(at('private.txt'), lines.join('\n'));
    const result = await skipscale(
      'predict',
      at('private.txt'),
      '--out',
      at('private.jsonl'),
      '--workers',
      '0',
    );
    // None had an answer.
    expect(result.status).toBe(1);
    const rows = linesOf(at('private.jsonl'));
    expect(rows).toHaveLength(lines.length);
    for (const { error } of rows)
      expect(error).toMatch(/is an address of this machine or of a private network/);
    expect(asked).toBe(0);
  });

  test('nothing there, nothing in it, and places that cannot be written', async () => {
    const refused = async (args: string[], message: string | RegExp) =>
      expectError(await skipscale('predict', ...args, '--workers', '0'), message);
    mkdirSync(at('empty'));
    await refused([at('empty'), '--out', at('x.csv')], /There are no images in .*empty\./);
    await refused([photos, '--out', at('x.txt')], 'Give a file whose name ends in .jsonl, .csv or .parquet.');
    await refused([photos, '--out', at('x.csv'), '--shard', '3/3'], 'Give a part such as 0/8');
    await refused([photos, '--out', at('none', 'x.csv')], 'the folder is not there');
    await refused([photos, '--out', at('x.csv'), '--features', 'stages.9'], 'give one of stem, stages.0');
    expect(readdirSync(folder).filter((name) => /^x\.|partial/.test(name))).toEqual([]);
    if (process.getuid?.() === 0) return; // Root writes everywhere.
    chmodSync(at('empty'), 0o555);
    await refused([photos, '--out', at('empty', 'x.csv')], 'this user may not write there');
  });

  test('a full disk ends it with what it takes, and leaves the old file', async () => {
    const fs = process.getBuiltinModule('node:fs/promises');
    const { open } = fs;
    const out = at('kept.csv');
    writeFileSync(out, 'old');
    jest.spyOn(fs, 'open').mockImplementation(async (path, ...rest) => {
      const file = await open(path, ...rest);
      if (String(path).includes('.partial')) {
        const error = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        jest.spyOn(file, 'writeFile').mockRejectedValue(error);
      }
      return file;
    });
    const result = await skipscale('predict', photos, '--out', out, '--workers', '0');
    jest.restoreAllMocks();
    expectError(result, /kept\.csv cannot be written: the disk is full/);
    expect(readFileSync(out, 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });
});
