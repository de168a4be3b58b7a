import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { load } from '../../src/index.js';
import { FolderLock } from '../../src/training/checkpoints/folder-lock.js';
import { expectError, skipscale } from '../helpers/skipscale.js';
import { SIZE, tinyData } from '../training/tiny.js';

let folder: string;
let data: string;
let out: string;
let counter = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
  data = join(folder, 'data');
  const { classes, labels, image } = tinyData(18);
  for (const label of classes) mkdirSync(join(data, label), { recursive: true });
  for (let i = 0; i < labels.length; i++) {
    const { width, height, data: raw } = await image(i);
    const picture = sharp(raw, { raw: { width, height, channels: 3 } }).png();
    writeFileSync(join(data, classes[labels[i]!]!, `${i}.png`), await picture.toBuffer());
  }
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => (out = join(folder, `run-${counter++}`)));
afterEach(() => {
  jest.restoreAllMocks();
  expect(tf.memory().numTensors).toBe(0);
});

const train = (...more: string[]) =>
  skipscale('train', data, '--out', out, '--model', 'resnet20', '--size', String(SIZE), '--batch-size', '6', '--lr', '0.01', ...more); // prettier-ignore

test.each([
  ...['--epochs', '--batch-size', '--micro-batch-size', '--checkpoint-every'].flatMap((name) =>
    ['0', '-1', '1.5', 'NaN', 'Infinity'].map((value) => [name, value, 'Give a positive whole number.']),
  ),
  ...['--lr', '--mixup', '--cutmix', '--clip'].flatMap((name) => [
    [name, '0', 'Give a positive number.'],
    [name, '-1', 'Give a positive number.'],
    [name, 'NaN', 'Give a positive number.'],
  ]),
  ...['--weight-decay', '--warm-up'].map((name) => [name, '-1', 'Give a number of at least 0.']),
  ...['--label-smoothing', '--average', '--dropout', '--stochastic-depth'].flatMap((name) => [
    [name, '1', 'Give a number of at least 0 and below 1.'],
    [name, '-0.1', 'Give a number of at least 0 and below 1.'],
  ]),
  ['--validation', '0', '--validation is 0; give a share between 0 and 1'],
  ['--validation', '1', '--validation is 1; give a share between 0 and 1'],
  ['--validation', '-0.5', '--validation is -0.5; give a share between 0 and 1'],
  ['--radius', '8/255', '--radius is for --objective adversarial and trades; leave it out'],
  ['--objective', 'trades', '--objective trades needs the radius of its attack; give it too'],
])('%s %s is refused before the data are read', async (name, value, message) => {
  expectError(await skipscale('train', join(folder, 'none'), '--out', out, `${name}=${value}`), message!);
  expect(existsSync(out)).toBe(false);
});

test('a folder that is in use, and one that cannot be made, are reported before the data are read', async () => {
  mkdirSync(out);
  const lock = await FolderLock.take(out);
  const nothing = join(folder, 'none');
  expectError(
    await skipscale('train', nothing, '--out', out),
    `${out} is in use by another training, of this process`,
  );
  // Before what that training has written there.
  writeFileSync(join(out, 'checkpoint-000000002.safetensors'), '');
  expectError(await skipscale('train', nothing, '--out', out), `${out} is in use by another training`);
  await lock.release();
  expectError(
    await skipscale('train', nothing, '--out', out),
    'has checkpoints of an earlier training; go on',
  );
  rmSync(join(out, 'checkpoint-000000002.safetensors'));
  writeFileSync(join(out, 'file'), '');
  expectError(
    await skipscale('train', nothing, '--out', join(out, 'file', 'run')),
    'cannot be written: a file stands in the place of a folder (ENOTDIR)',
  );
});

test('--resume names the checkpoint that is damaged, and goes on from the newest that is whole', async () => {
  await train('--epochs', '2');
  const newest = readdirSync(out).filter((file) => file.startsWith('check')).sort().at(-1)!; // prettier-ignore
  const bytes = readFileSync(join(out, newest));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(join(out, newest), bytes);
  const { status, stdout, stderr } = await train('--epochs', '2', '--resume');
  expect(status).toBe(0);
  expect(stderr).toContain(
    `${join(out, newest)} is not whole and is left out: This safetensors file is damaged: its content does not have the sum`,
  );
  expect(stderr).toContain(`The newest that is whole is ${join(out, 'checkpoint-000000002.safetensors')}.`);
  expect(stdout).toContain('Continues at epoch 2 of 2, step 2.');
});

/** Makes the disk full for these files. */
function fill(isFull: (path: string) => boolean): void {
  const fs = process.getBuiltinModule('node:fs/promises');
  const { open } = fs;
  jest.spyOn(fs, 'open').mockImplementation(async (path, ...rest) => {
    const file: FileHandle = await open(path, ...rest);
    if (isFull(String(path))) {
      jest.spyOn(file, 'writeFile').mockRejectedValue(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));
    }
    return file;
  });
}

test('a disk that is full for a while, also for the log, ends nothing', async () => {
  fill((path) => path.includes('checkpoint-000000002') || path.includes('log.csv'));
  const { status, stdout, stderr } = await train('--epochs', '2');
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /checkpoint-000000002\.safetensors cannot be written: the disk is full \(ENOSPC\)\. It takes 2\.\d MB, and .* are free in .*; make room\. The training goes on, and tries again at its next checkpoint\.\n/,
  );
  expect(stderr).toContain('log.csv cannot be written: the disk is full (ENOSPC)');
  expect(stdout).toMatch(/epoch 1\/2 [^]*epoch 2\/2/);
  expect(readdirSync(out).sort()).toEqual([
    'best.safetensors',
    'checkpoint-000000004.safetensors',
    'model.safetensors',
  ]);
});

test('where no checkpoint fits, the weights are saved if they do, and it ends with an error', async () => {
  fill((path) => path.includes('checkpoint-'));
  const { status, stderr } = await train('--epochs', '2');
  expect(status).toBe(1);
  // Of the first one only; after the last there is no next.
  expect(stderr).toMatch(/checkpoint-000000002.* tries again at its next checkpoint\.\n/);
  expect(stderr).toMatch(/checkpoint-000000004.*; make room\.\n/);
  expect(stderr.match(/tries again/g)).toHaveLength(1);
  expect(stderr).toContain(
    `What was learnt is in ${join(out, 'model.safetensors')}, but the training cannot be resumed from there.`,
  );
  (await load(join(out, 'model.safetensors'))).dispose();
});

test('where the weights do not fit at the end, it says where they are, and --resume saves them', async () => {
  fill((path) => path.includes('model.safetensors'));
  const { status, stderr } = await train('--epochs', '1');
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /model\.safetensors cannot be written: the disk is full .*; make room\. The weights are in the last checkpoint and nowhere else\. When there is room, the same command with --resume saves them at once; or train to another folder by --out\./,
  );
  jest.restoreAllMocks();
  expect((await train('--epochs', '1', '--resume')).status).toBe(0);
  (await load(join(out, 'model.safetensors'))).dispose();
});

test('where nothing fits, it says what is lost, and where else to train to', async () => {
  fill((path) => /checkpoint-|model\.safetensors/.test(path));
  const { status, stderr } = await train('--epochs', '1');
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /Nor could the weights be saved: .* What was learnt since the last checkpoint that was written is lost\. .* train to another folder by --out\./,
  );
});

test('a batch size that leaves out more than a tenth of the images is reported', async () => {
  const { stdout } = await train('--epochs', '1', '--validation', '0.3', '--batch-size', '10');
  expect(stdout).toMatch(/^18 images, 3 classes \(10 of 12 images an epoch\)\n/);
});
