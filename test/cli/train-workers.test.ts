import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, 'train', ...options, '--mixup', '0.2', '--augment', 'flip,crop', ...more],
    { encoding: 'utf8', timeout: 100_000, env: { ...process.env, SKIPSCALE_THREADS: '1' } },
  );
  return { status, stdout, stderr };
}
const scratch = ['--size', '8', '--width', '0.25', '--model', 'resnet20'];

test('--workers changes nothing in the weights, from scratch or from weights, with a damaged image', () => {
  writeFileSync(join(data, 'odd', '0.png'), 'no image');
  const weights = (run: string) => join(folder, run, 'model.safetensors');
  for (const [name, start] of [
    ['scratch', scratch],
    ['tuned', ['--from', weights('scratch-0'), '--reset-head']],
    ['swapped', ['--from', weights('scratch-0'), '--classes', 'even=odd,odd=even']],
  ] as const) {
    for (const workers of [0, 2]) {
      const result = train(`${name}-${workers}`, ...start, '--skip-broken', '--workers', String(workers));
      expect(result.status).toBe(0);
      expect(result.stdout).toMatch(
        /^20 images, 2 classes( \(16 of 18 images an epoch\))?, 1 skipped: odd\/0.png/,
      );
    }
    expect(readFileSync(weights(`${name}-2`)).equals(readFileSync(weights(`${name}-0`)))).toBe(true);
  }
});

test('a number of workers below 0 is refused', () => {
  expect(train('refused', ...scratch, '--workers', '-1')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Give a whole number of at least 0.'),
  });
});
