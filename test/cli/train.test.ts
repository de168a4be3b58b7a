import * as tf from '@tensorflow/tfjs-core';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  buildModel,
  decodeSafetensors,
  evaluate,
  folderDataset,
  load,
  type ModelOptions,
} from '../../src/index.js';
import { expectError, skipscale } from '../helpers/skipscale.js';
import { SIZE, tinyData } from '../training/tiny.js';

let folder: string;
let data: string;
let counter = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
  data = await writeImages('data', 60, 0);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

function describedBy(name: string, options: ModelOptions) {
  const model = buildModel(name, { ...options, initialize: false });
  model.dispose();
  return model.architecture;
}

/** Writes the tiny data set as a folder of PNG files. */
async function writeImages(name: string, count: number, seed: number): Promise<string> {
  const { classes, labels, image } = tinyData(count, seed);
  const root = join(folder, name);
  for (const label of classes) mkdirSync(join(root, label), { recursive: true });
  for (let i = 0; i < count; i++) {
    const { width, height, data } = await image(i);
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(join(root, classes[labels[i]!]!, `${String(i).padStart(3, '0')}.png`), png);
  }
  return root;
}

function options(out: string, ...more: string[]): string[] {
  return [
    ...['train', '--data', data, '--out', out, '--validation', '0.2', '--size', String(SIZE)],
    ...['--model', 'resnet20', '--batch-size', '12', '--lr', '0.05', ...more],
  ];
}
/** Expects that a training came to its end; so short a one may say that it has learned nothing. */
function expectDone({ status, stderr }: { status: number; stderr: string }): void {
  expect(stderr).toMatch(/^(Warning: .*\n)?$/);
  expect(status).toBe(0);
}
const newRun = () => join(folder, `run-${counter++}`);

test('trains, logs, and leaves weights that load, with their labels', async () => {
  const out = newRun();
  const { status, stdout, stderr } = await skipscale(
    ...options(
      out,
      '--epochs',
      '5',
      '--warm-up',
      '1',
      '--average',
      '0.9',
      '--clip',
      '5',
      '--weight-decay',
      '0.001',
    ),
    ...[
      '--augment',
      'flip,erase,rand,auto-cifar10,jitter',
      '--label-smoothing',
      '0.1',
      '--checkpoint-every',
      '3',
    ],
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines[4]).toMatch(
    /^epoch 5\/5 {2}loss \d\.\d{4} {2}accuracy [ \d]+\.\d % {2}validation [ \d]+\.\d % {2}0\.0 min left$/,
  );
  lines
    .filter((line) => line.startsWith('epoch'))
    .forEach((line) => expect(line.length).toBeLessThanOrEqual(80));
  expect(stdout).toContain(`12 images\ntop-1 `);
  expect(stdout).toContain(`The weights are in ${join(out, 'model.safetensors')}.`);
  expect(readdirSync(out).sort()).toEqual([
    'best.safetensors',
    ...[16, 18, 20].map((step) => `checkpoint-0000000${step}.safetensors`),
    'log.csv',
    'model.safetensors',
  ]);
  const rows = readFileSync(join(out, 'log.csv'), 'utf8').trim().split('\n');
  expect(rows[0]).toBe('epoch,step,learning rate,loss,accuracy,validation loss,validation top-1,seconds');
  expect(rows.slice(1).map((row) => row.split(',').slice(0, 2).join())).toEqual([
    '1,4',
    '2,8',
    '3,12',
    '4,16',
    '5,20',
  ]);

  const best = await load(join(out, 'best.safetensors'));
  expect(best.labels).toEqual(['blue', 'green', 'red']);
  best.dispose();

  const test = await writeImages('test', 30, 1);
  const model = buildModel('resnet20', { classes: 3 });
  await load(model, join(out, 'model.safetensors'));
  expect(model.labels).toEqual(['blue', 'green', 'red']);
  const expected = await evaluate(model, await folderDataset(test), { size: SIZE });
  model.dispose();
  const evaluation = ['evaluate', '--data', test, '--model', 'resnet20', '--size', String(SIZE)];
  const weights = ['--weights', join(out, 'model.safetensors')];
  const json = await skipscale(...evaluation, ...weights, '--json');
  expect(json.stderr).toBe('');
  const { classes, top1, confusion } = JSON.parse(json.stdout);
  expect({ classes, top1, confusion }).toEqual({
    classes: ['blue', 'green', 'red'],
    top1: expected.top1,
    confusion: expected.confusion,
  });
  const text = await skipscale(...evaluation, ...weights);
  expect(text.stdout).toMatch(/^30 images\ntop-1 +\d+\.\d\d %, cross-entropy .*\n {2}blue {3} *\d+\.\d\d %/);
});

test('scales a network, whose weights say how, so that they are enough to evaluate it', async () => {
  const out = newRun();
  const scaled = ['--model', 'efficientnet-b0', '--width', '0.1', '--depth', '0.2'];
  const rates = ['--dropout', '0', '--stochastic-depth', '0.1'];
  expectDone(await skipscale(...options(out, '--epochs', '1', ...scaled, ...rates)));
  const weights = join(out, 'model.safetensors');
  const model = await load(weights);
  expect(model.architecture).toEqual(
    describedBy('efficientnet-b0', { width: 0.1, depth: 0.2, size: SIZE, classes: 3 }),
  );
  expect(model.labels).toEqual(['blue', 'green', 'red']);
  model.dispose();

  const checkpoint = readFileSync(join(out, 'checkpoint-000000004.safetensors'));
  const described = JSON.parse(decodeSafetensors(checkpoint).metadata.get('training')!);
  expect([described.architecture, described.convention]).toEqual([model.architecture, 'torchvision']);

  const plot = join(out, 'evaluation.png');
  const evaluated = await skipscale('evaluate', '--data', data, '--weights', weights, '--plot', plot);
  expect(evaluated.stderr).toBe('');
  expect((await sharp(plot).metadata()).format).toBe('png');
  const repeated = [...scaled, '--size', String(SIZE)];
  const same = await skipscale('evaluate', '--data', data, '--weights', weights, ...repeated);
  expect(same).toEqual(evaluated);
  expectError(
    await skipscale('evaluate', '--data', data, '--weights', weights, '--width', '0.1'),
    '--width, --depth and --shortcut change the network that --model names; give it too',
  );
});

test('trains plain networks', async () => {
  const out = newRun();
  expectDone(await skipscale(...options(out, '--epochs', '1', '--shortcut', 'none')));
  const model = await load(join(out, 'model.safetensors'));
  expect(model.architecture.name).toBe('plain20');
  model.dispose();
});

test('continues where it stopped, and logs every epoch once', async () => {
  const [whole, parts] = [newRun(), newRun()];
  const mixed = [
    '--mixup',
    '0.2',
    '--cutmix',
    '1',
    '--optimizer',
    'adamw',
    '--schedule',
    'constant',
    '--augment',
    'flip,aug-mix',
    '--objective',
    'trades',
    '--radius',
    '2/255',
  ];
  await skipscale(...options(whole, '--epochs', '3', ...mixed));
  await skipscale(...options(parts, '--epochs', '1', ...mixed));
  const { stdout } = await skipscale(...options(parts, '--epochs', '3', '--resume', ...mixed));
  expect(stdout).toMatch(/^Continues at epoch 2 of 3, step 4\.\nepoch 2\/3/);
  const model = (run: string) => readFileSync(join(run, 'model.safetensors'));
  expect(model(parts).equals(model(whole))).toBe(true);
  const log = (run: string) =>
    readFileSync(join(run, 'log.csv'), 'utf8')
      .split('\n')
      .map((row) => row.split(',').slice(0, 7));
  expect(log(parts)).toEqual(log(whole));
});

test('Ctrl-C stops it with a checkpoint, from which it continues', async () => {
  const [whole, stopped] = [newRun(), newRun()];
  await skipscale(...options(whole, '--epochs', '3'));
  const running = skipscale(...options(stopped, '--epochs', '3'));
  const isStarted = () => existsSync(join(stopped, 'log.csv'));
  while (!isStarted()) await new Promise((resolve) => setTimeout(resolve, 5));
  process.emit('SIGINT');
  const { status, stdout, stderr } = await running;
  expect(status).toBe(130);
  expect(stderr).toMatch(
    /^Stopping after this step, with a checkpoint.*\nStopped at epoch \d of 3, step \d+\. The same command with --resume goes on from there\.\n$/,
  );
  expect(stdout).not.toContain('epoch 3/3');
  expect(existsSync(join(stopped, 'model.safetensors'))).toBe(false);
  await skipscale(...options(stopped, '--epochs', '3', '--resume'));
  const model = (run: string) => readFileSync(join(run, 'model.safetensors'));
  expect(model(stopped).equals(model(whole))).toBe(true);
});

test('starts from weights with a new head, and keeps frozen parts', async () => {
  const out = newRun();
  const from = join(folder, 'from');
  const first = await skipscale(...options(from, '--epochs', '1'));
  expectDone(first);
  const weights = join(from, 'model.safetensors');
  const frozen = ['--freeze', 'stem,stages.0,stages.1', '--reset-head'];
  expectDone(await skipscale(...options(out, '--epochs', '1', '--from', weights, ...frozen)));
  const [a, b] = [buildModel('resnet20', { classes: 3 }), buildModel('resnet20', { classes: 3 })];
  await load(a, weights);
  await load(b, join(out, 'model.safetensors'));
  const values = (model: typeof a) =>
    Object.fromEntries(
      Array.from(model.namedVariables(), ({ name, variable }) => [name, variable.dataSync()]),
    );
  const [before, after] = [values(a), values(b)];
  expect(after['stages.1.0.conv1.conv.weight']).toEqual(before['stages.1.0.conv1.conv.weight']);
  expect(after['stem.norm.runningMean']).toEqual(before['stem.norm.runningMean']);
  expect(after['stages.2.0.conv1.conv.weight']).not.toEqual(before['stages.2.0.conv1.conv.weight']);
  a.dispose();
  b.dispose();
});

test('reads the files of CIFAR-10 and MNIST as they are', async () => {
  const cifar = join(folder, 'cifar');
  mkdirSync(cifar);
  const record = (label: number) => [label, ...new Array<number>(3072).fill(label)];
  const records = (count: number) =>
    Uint8Array.from(Array.from({ length: count }, (_, i) => record(i % 10)).flat());
  for (const i of [1, 2]) writeFileSync(join(cifar, `data_batch_${i}.bin`), records(20));
  writeFileSync(join(cifar, 'test_batch.bin'), records(10));
  const small = ['--size', '8', '--epochs', '1', '--batch-size', '20'];
  const first = await skipscale(
    ...['train', cifar, '--model', 'resnet20', '--validation', cifar, '--out', newRun(), ...small],
  );
  expectDone(first);
  expect(first.stdout).toContain('10 images\n');
  expect(first.stdout).toContain('airplane');

  const mnist = join(folder, 'mnist');
  mkdirSync(mnist);
  for (const [prefix, count] of [
    ['train', 24],
    ['t10k', 10],
  ] as const) {
    const pixels = new Array<number>(count * 16).fill(9);
    writeFileSync(
      join(mnist, `${prefix}-images-idx3-ubyte`),
      Uint8Array.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 4, 0, 0, 0, 4, ...pixels]),
    );
    const labels = Array.from({ length: count }, (_, i) => i % 10);
    writeFileSync(
      join(mnist, `${prefix}-labels-idx1-ubyte`),
      Uint8Array.from([0, 0, 8, 1, 0, 0, 0, count, ...labels]),
    );
  }
  const second = await skipscale(
    ...['train', mnist, '--model', 'resnet20', '--validation', mnist, '--out', newRun(), ...small],
  );
  expectDone(second);
  expect(second.stdout).toContain('class 9');
});

test('writes events for TensorBoard, whose file goes on where the run does', async () => {
  const out = newRun();
  const command = options(out, '--tensorboard', '--augment', 'flip');
  expectDone(await skipscale(...command, '--epochs', '1'));
  expectDone(await skipscale(...command, '--epochs', '2', '--resume'));
  const files = readdirSync(out).filter((name) => name.startsWith('events.out.tfevents.'));
  const text = files.map((name) => readFileSync(join(out, name), 'latin1')).join('');
  // 48 images are 4 steps an epoch.
  expect(text.split('brain.Event:2')).toHaveLength(3);
  expect(text.split('loss/training')).toHaveLength(9);
  expect(text.split('accuracy/validation')).toHaveLength(3);
  for (let i = 0; i < 8; i++) expect(text.split(`training images/${i}`)).toHaveLength(2);
  expect(text.split('\x89PNG')).toHaveLength(9);
});

test('errors', async () => {
  const out = newRun();
  expectError(await skipscale('train', '--out', out), 'No data are given; name a folder');
  expectError(await skipscale('train', data, '--data', data, '--out', out), 'The data are given twice');
  expectError(
    await skipscale('train', '--data', join(folder, 'none'), '--out', out),
    /none cannot be read \(there is no such file or folder\)\. Give a folder or a tar archive of images/,
  );
  expectError(await skipscale(...options(out, '--optimizer', 'sdg')), 'Give one of sgd, rmsprop, adam');
  expectError(await skipscale(...options(out, '--augment', 'flip,flop')), 'Give one of flip, crop');
  expectError(await skipscale(...options(out, '--lr', 'fast')), 'Give a positive number.');
  expectError(await skipscale(...options(out, '--seed', '1.5')), 'Give a whole number.');
  expectError(await skipscale(...options(out, '--model', 'resnet21')), "There is no model 'resnet21'");
  expectError(await skipscale(...options(out, '--freeze', 'stages.9')), "has no module at 'stages.9'");
  expectError(await skipscale(...options(out, '--depth', '2')), 'depth is 2, and resnet20 has none');
  expectError(await skipscale(...options(out, '--width', '0')), 'Give a positive number.');
  const other = join(folder, 'other');
  mkdirSync(other);
  mkdirSync(join(other, 'zebra'));
  const [image] = readdirSync(join(data, 'red'));
  copyFileSync(join(data, 'red', image!), join(other, 'zebra', image!));
  expectError(
    await skipscale(...options(out).map((option) => (option === '0.2' ? other : option))),
    /The validation data has the classes .*, which the model does not know; it knows /,
  );
});
