import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../../src/core/random.js';
import { bundle } from '../helpers/bundle.js';
import { tarOf } from '../helpers/tar.js';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  program = await bundle('src/cli/main.ts', folder);
  await bundle('src/cli/prepare-worker.ts', folder);
  mkdirSync(join(folder, 'images'));
  const random = new Random(0);
  for (let i = 0; i < 20; i++) {
    const [width, height] = [40 + random.integer(80), 40 + random.integer(80)];
    const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
    const image = await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg()
      .toBuffer();
    writeFileSync(join(folder, 'images', `${i}.jpg`), i === 7 ? image.subarray(0, 900) : image);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function predict(out: string, ...args: string[]) {
  return spawnSync(process.execPath, [program, 'predict', ...args, '--out', join(folder, out)], {
    encoding: 'utf8',
    timeout: 100_000,
    env: { ...process.env, SKIPSCALE_THREADS: '1' },
  });
}

test('the rows are the same with any number of workers, bit for bit, of files and of bytes', () => {
  const images = Array.from({ length: 20 }, (_, i) => join(folder, 'images', `${i}.jpg`));
  writeFileSync(
    join(folder, 'a.tar'),
    tarOf(images.map((path, i) => ({ name: `${i}.jpg`, data: readFileSync(path) }))),
  );
  for (const source of [join(folder, 'images'), join(folder, 'a.tar')]) {
    for (const workers of ['0', '1', '3']) {
      const { status, stderr } = predict(`${workers}.csv`, source, '--workers', workers, '--batch-size', '4');
      expect([status, stderr]).toEqual([0, '']);
    }
    // What libvips says of a broken file may be lost where another thread decodes.
    const rowsOf = (workers: string) =>
      readFileSync(join(folder, `${workers}.csv`), 'utf8').replace(
        /cannot be decoded \(.*?\)/,
        'cannot be decoded',
      );
    const rows = rowsOf('0');
    expect(rows.trimEnd().split('\n')).toHaveLength(21);
    expect(rows).toContain('7.jpg cannot be decoded');
    for (const workers of ['1', '3']) expect(rowsOf(workers)).toBe(rows);
  }
});

test('a thread that cannot start ends the run with its error', () => {
  writeFileSync(join(folder, 'prepare-worker.js'), 'throw new Error("no thread today");');
  const { status, stderr, stdout } = predict('x.csv', join(folder, 'images'));
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'skipscale: no thread today\n',
  });
});

test('serve has its network in a thread, answers as one thread does, and ends at SIGTERM', async () => {
  await bundle('src/cli/prepare-worker.ts', folder);
  await bundle('src/cli/network-worker.ts', folder);
  const body = readFileSync(join(folder, 'images', '0.jpg'));
  const answers: unknown[] = [];
  for (const workers of ['0', '1']) {
    const server = spawn(process.execPath, [program, 'serve', '--port', '0', '--workers', workers]);
    const ended = once(server, 'exit');
    const [text] = (await once(server.stdout, 'data')) as [Buffer];
    const [url] = /http:\S+/.exec(String(text))!;
    const headers = { 'content-type': 'image/jpeg' };
    const responses = [0, 1, 2].map(() => fetch(url, { method: 'POST', headers, body }));
    for (const response of await Promise.all(responses)) answers.push(await response.json());
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
  expect(answers).toEqual(answers.map(() => answers[0]));
  expect(answers[0]).toMatchObject({ classes: [{ index: expect.any(Number) }, {}, {}, {}, {}] });
});
