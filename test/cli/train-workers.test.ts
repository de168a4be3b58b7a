import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../../src/core/random.js';
import { bundle } from '../helpers/bundle.js';

let folder: string;
let program: string;
let data: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  program = await bundle('src/cli/main.ts', folder);
  await bundle('src/cli/training-worker.ts', folder);
  data = await writeImages();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Noise of several sizes, in two classes. */
async function writeImages(): Promise<string> {
  const random = new Random(0);
  for (let i = 0; i < 20; i++) {
    const [width, height] = [8 + random.integer(8), 8 + random.integer(8)];
    const place = join(folder, 'images', i % 2 === 0 ? 'even' : 'odd');
    mkdirSync(place, { recursive: true });
    const pixels = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
    await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(join(place, `${i}.png`));
  }
  return join(folder, 'images');
}

function train(out: string, ...more: string[]) {
  const options = ['--data', data, '--out', join(folder, out), '--epochs', '2', '--batch-size', '4'];
  const small = [
    '--size',
    '8',
    '--width',
    '0.25',
    '--model',
    'resnet20',
    '--mixup',
    '0.2',
    '--augment',
    'flip,crop',
  ];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, 'train', ...options, ...small, ...more],
    { encoding: 'utf8', timeout: 100_000, env: { ...process.env, SKIPSCALE_THREADS: '1' } },
  );
  return { status, stdout, stderr };
}

test('--workers changes nothing in the weights', () => {
  for (const workers of [0, 2]) {
    expect(train(`with-${workers}`, '--workers', String(workers))).toMatchObject({ status: 0, stderr: '' });
  }
  const weights = (run: string) => readFileSync(join(folder, run, 'model.safetensors'));
  expect(weights('with-2').equals(weights('with-0'))).toBe(true);
});

test('a number of workers below 0 is refused', () => {
  expect(train('refused', '--workers', '-1')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Give a whole number of at least 0.'),
  });
});
