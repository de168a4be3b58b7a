import * as tf from '@tensorflow/tfjs-core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { load, encode, type Evaluation } from '../../src/index.js';
import { expectError, skipscale } from '../helpers/skipscale.js';
import { rightModel, tinyData } from '../training/tiny.js';

let folder: string;
/** A network that is right about every image, whose classes stand in another order than folders do. */
let weights: string;
/** Folders blue, green and red. */
let data: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-labels-'));
  weights = join(folder, 'right.safetensors');
  const model = rightModel(['red', 'green', 'blue']);
  writeFileSync(weights, await encode(model));
  model.dispose();
  data = await writeImages('data', ['red', 'green', 'blue']);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

/** Writes red, green and blue images as a folder a class, of these names. */
async function writeImages(name: string, names: readonly string[], seed = 0): Promise<string> {
  const { labels, image } = tinyData(36, seed);
  for (const [i, label] of labels.entries()) {
    const { width, height, data } = await image(i);
    const place = join(folder, name, names[label]!);
    mkdirSync(place, { recursive: true });
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(join(place, `${i}.png`));
  }
  return join(folder, name);
}

async function evaluated(...args: string[]) {
  const { stdout, stderr } = await skipscale('evaluate', ...args, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Evaluation & { classes: string[] };
}

test('evaluate finds folders among the labels by name, in whatever order', async () => {
  expect(await evaluated(data, '--weights', weights)).toMatchObject({
    classes: ['red', 'green', 'blue'],
    top1: 1,
  });
});

test('evaluate says which names differ, and --classes maps them', async () => {
  const french = await writeImages('french', ['rouge', 'vert', 'blue']);
  expectError(
    await skipscale('evaluate', french, '--weights', weights),
    /classes rouge, vert, which the model does not know; it knows red, green, which the data lacks.* --classes "name in the data=name in the model"/,
  );
  expect((await evaluated(french, '--weights', weights, '--classes', 'rouge=red, vert=1')).top1).toBe(1);
  expectError(
    await skipscale('evaluate', french, '--weights', weights, '--classes', 'rouge=red,vert=verde'),
    "maps 'vert' to 'verde', which the model does not know",
  );
  for (const pairs of ['rouge', 'rouge=', '=red', 'rouge=red,,vert=green']) {
    expectError(
      await skipscale('evaluate', french, '--weights', weights, '--classes', pairs),
      'Give pairs such as cat=tabby',
    );
  }
});

test('evaluate by --labels of a file that says none', async () => {
  const nameless = join(folder, 'nameless.safetensors');
  const model = await load(weights);
  model.labels = undefined;
  writeFileSync(nameless, await encode(model));
  model.dispose();
  const byPlace = await skipscale('evaluate', data, '--weights', nameless);
  expect(byPlace.stdout).toContain('top-1 33.33 %');
  expect(byPlace.stderr).toContain(
    "the network's classes have no names, and are taken to be the data's in the same order",
  );
  const names = join(folder, 'names.txt');
  writeFileSync(names, 'red\ngreen\nblue\n');
  expect((await evaluated(data, '--weights', nameless, '--labels', names)).top1).toBe(1);
});

test('train keeps a head of the same names in another order, and one that --classes maps', async () => {
  const tune = [
    '--epochs',
    '1',
    '--batch-size',
    '12',
    '--lr',
    '1e-9',
    '--from',
    weights,
    '--augment',
    'none',
  ];
  const italian = await writeImages('italian', ['rosso', 'verde', 'blue']);
  for (const [out, ...more] of [
    ['run-0', data],
    ['run-1', italian, '--classes', 'rosso=red,verde=green'],
    ['run-2', data, '--validation', italian, '--classes', 'rosso=red,verde=green'],
  ]) {
    const { status, stdout } = await skipscale('train', ...more, ...tune, '--out', join(folder, out!));
    expect([status, stdout]).toEqual([0, expect.stringContaining('with the head it had')]);
    const { top1, classes } = await evaluated(data, '--weights', join(folder, out!));
    expect(classes).toEqual(['red', 'green', 'blue']);
    expect(top1).toBeGreaterThan(0.9);
  }
});

test('what a training from scratch saves answers with the names of its folders, and validates by --classes', async () => {
  const italian = await writeImages('italian', ['rosso', 'verde', 'blue'], 1);
  const out = join(folder, 'scratch');
  const scratch = [
    'train',
    data,
    '--model',
    'resnet20',
    '--width',
    '0.25',
    '--size',
    '8',
    '--epochs',
    '1',
    '--out',
    out,
  ];
  expectError(
    await skipscale(...scratch, '--validation', italian),
    'The validation data has the classes rosso, verde, which the model does not know; it knows green, red',
  );
  const mapped = await skipscale(...scratch, '--validation', italian, '--classes', 'rosso=red,verde=green');
  expect(mapped.status).toBe(0);
  expect(mapped.stdout).toContain('36 images\ntop-1 ');
  const { stdout } = await skipscale('classify', join(data, 'red', '0.png'), '--weights', out, '--json');
  const [{ classes }] = JSON.parse(stdout) as [{ classes: { label: string; index: number }[] }];
  expect(classes.map(({ label }) => label).sort()).toEqual(['blue', 'green', 'red']);
  expect(classes.every(({ label, index }) => ['blue', 'green', 'red'][index] === label)).toBe(true);
});

test("evaluate and classify refuse --labels that are the file's in another order", async () => {
  const names = join(folder, 'permuted.txt');
  writeFileSync(names, 'green\nred\nblue\n');
  const message = /The labels are the model's in another order: class 0 is 'red', and they call it 'green'/;
  expectError(await skipscale('evaluate', data, '--weights', weights, '--labels', names), message);
  const image = join(data, 'red', '0.png');
  expectError(await skipscale('classify', image, '--weights', weights, '--labels', names), message);
});

test("evaluate without --weights takes the package's own, as classify does", async () => {
  const cats = await writeImages('animals', ['cat', 'dog', 'bird']);
  const { stdout } = await skipscale('evaluate', cats);
  expect(stdout).toMatch(/^36 images\ntop-1 .*, top-5 /);
  expectError(await skipscale('evaluate', cats, '--model', 'resnet50'), /Only resnet20 comes with weights/);
});
