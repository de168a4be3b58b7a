import * as tf from '@tensorflow/tfjs-core';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { buildModel, load, encode } from '../../src/index.js';
import { expectError, skipscale } from '../helpers/skipscale.js';
import { SIZE, tinyData } from '../training/tiny.js';

let folder: string;
let data: string;
let weights: string;
const cwd = process.cwd();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
  data = join(folder, 'photos');
  const { classes, labels, image } = tinyData(36);
  for (const [i, label] of labels.entries()) {
    const { width, height, data: pixels } = await image(i);
    mkdirSync(join(data, classes[label]!), { recursive: true });
    const file = join(data, classes[label]!, `${i}.png`);
    await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(file);
  }
  weights = join(folder, 'small.safetensors');
  const small = buildModel('resnet20', { width: 0.25, size: SIZE, classes: 7 });
  writeFileSync(weights, await encode(small));
  small.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => process.chdir(mkdtempSync(join(folder, 'here-'))));
afterEach(() => {
  process.chdir(cwd);
  expect(tf.memory().numTensors).toBe(0);
});

test('needs nothing but the data: says what it chose, how sure it is, and what comes next', async () => {
  writeFileSync(join(data, 'readme.md'), 'x');
  writeFileSync(join(data, 'red', 'notes.txt'), 'x');
  writeFileSync(join(data, 'red', 'broken.jpg'), '');
  const { status, stdout } = await skipscale('train', data, '--epochs', '1', '--skip-broken');
  for (const file of ['readme.md', 'red/notes.txt', 'red/broken.jpg']) rmSync(join(data, file));
  expect(status).toBe(0);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe(
    '36 images, 3 classes (16 of 30 images an epoch), 3 skipped: readme.md (not an image), red/notes.txt (not an image), red/broken.jpg (it is empty)',
  );
  expect(lines[1]).toBe('Fine-tunes resnet20 with the weights cifar10, at 32 x 32 pixels, with a new head:');
  expect(stdout).toMatch(/\n {2}--epochs 1 +as given\n/);
  expect(stdout).toMatch(/\n {2}--batch-size \d+ +\S+ .*\n/);
  expect(stdout).toMatch(/\n\d of the 6 images held out are right, .* \d+ to \d+ % will be right/);
  const file = join('photos-model', 'model.safetensors');
  expect(stdout).toContain(`The weights are in ${file}.\n`);
  expect(stdout).toContain(`skipscale classify PHOTO --weights ${file}\n`);
  expect(readdirSync('photos-model').sort()).toEqual([
    'best.safetensors',
    expect.stringMatching(/^checkpoint-/),
    'log.csv',
    'model.safetensors',
  ]);
  const model = await load(file);
  expect(model.labels).toEqual(['blue', 'green', 'red']);
  model.dispose();
  expectError(
    await skipscale('train', data, '--out', join(data, 'run')),
    /among the images; give another folder: --out .*photos-model/,
  );
  expectError(await skipscale('train', data), /photos-model has checkpoints .* --resume, .* --out/);
});

test('starts from a file of any network, and from the folder of a training', async () => {
  const quick = ['--epochs', '2', '--batch-size', '8', '--lr', '0.05'];
  const first = await skipscale('train', data, '--from', weights, '--out', 'first', ...quick);
  expect(first.status).toBe(0);
  expect(first.stdout).toContain(`with the weights ${weights}, at 8 x 8 pixels, with a new head:`);
  const model = await load(join('first', 'model.safetensors'));
  expect(model.architecture.name).toBe('resnet20');
  model.dispose();
  const second = await skipscale('train', data, '--from', 'first', '--out', 'second', ...quick);
  expect(second.stdout).toContain(
    `weights ${join('first', 'model.safetensors')}, at 8 x 8 pixels, with the head it had:`,
  );
  const third = await skipscale('train', data, '--from', 'first', '--reset-head', '--out', 'third', ...quick);
  expect(third.stdout).toContain('with a new head:');
  mkdirSync('none');
  expectError(
    await skipscale('train', data, '--from', 'none'),
    'The folder none has no model.safetensors and no best.safetensors',
  );
  expectError(await skipscale('train', data, '--from', 'imagenet'), 'name one, such as --model resnet50');
  expectError(
    await skipscale('train', data, '--from', weights, '--width', '0.5'),
    'width would change it; name it too',
  );
});

test('a part of the epochs and --resume give the same weights as all at once', async () => {
  const quick = ['--from', weights, '--batch-size', '8', '--lr', '0.05', '--schedule', 'constant'];
  await skipscale('train', data, ...quick, '--epochs', '2', '--out', 'whole');
  const none = await skipscale('train', data, ...quick, '--epochs', '1', '--out', 'parts', '--resume');
  expect(none.stdout).toContain(
    'parts has no checkpoint to resume; the training starts from the beginning.\n',
  );
  const rest = await skipscale('train', data, ...quick, '--epochs', '2', '--out', 'parts', '--resume');
  expect(rest.stdout).toContain('Continues at epoch 2 of 2, step 3.\n');
  const bytes = (run: string) => readFileSync(join(run, 'model.safetensors'));
  expect(bytes('parts').equals(bytes('whole'))).toBe(true);
  const again = await skipscale('train', data, ...quick, '--epochs', '2', '--out', 'parts', '--resume');
  expect(again.stdout).toContain('The training has had its 2 epochs already; a larger --epochs goes on.\n');
  expect(again.stdout).toMatch(/of the 6 images held out/);
  expect(bytes('parts').equals(bytes('whole'))).toBe(true);
});

test('a training that diverges ends with an error', async () => {
  const { status, stderr } = await skipscale(
    ...['train', data, '--model', 'resnet20', '--width', '0.25', '--size', String(SIZE)],
    ...['--lr', '1e6', '--batch-size', '8', '--epochs', '5', '--out', 'diverged'],
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /The training has diverged: .* learning rate is .*; give a lower one|The loss of step .* Lower the/,
  );
});

test('a folder of one class, and one without images, are errors before anything is built', async () => {
  for (const more of [[], ['--model', 'resnet20']]) {
    mkdirSync('one/cat', { recursive: true });
    const png = await sharp(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } }).png().toBuffer(); // prettier-ignore
    for (const i of [1, 2]) writeFileSync(`one/cat/${i}.png`, png);
    expectError(await skipscale('train', 'one', ...more), 'The data has 1 class; give at least 2');
    mkdirSync('one/dog');
    expectError(await skipscale('train', 'one', ...more), 'one has the folder dog without images');
    writeFileSync('one/dog/1.png', png);
    expectError(await skipscale('train', 'one', ...more), 'too few images of these classes: dog 1.');
    rmSync('one', { recursive: true });
  }
});
