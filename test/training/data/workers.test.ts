import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import type { Batch } from '../../../src/training/data/batch.js';
import { batches, type BatchSource } from '../../../src/training/data/batches.js';
import type { Dataset } from '../../../src/training/data/dataset.js';
import { BatchWorkers, serveBatches } from '../../../src/training/data/workers.js';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import { train, type ImageTrainOptions } from '../../../src/training/train.js';
import { bundle } from '../../helpers/bundle.js';
import { tinyData, tinyModel } from '../tiny.js';
import { open } from './served.js';

const IMAGES = 30;
let root: string;
let folder: string;
let served: string;
let broken: string;
const opened: BatchWorkers[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'skipscale-workers-'));
  // The bundle imports sharp.
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  served = await bundle(join(__dirname, 'served.ts'), root);
  folder = await writeImages('images');
  broken = await writeImages('broken');
  writeFileSync(join(broken, 'green', '7.png'), 'no picture');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((workers) => workers.close()));
});
afterAll(() => rmSync(root, { recursive: true }));

async function writeImages(name: string): Promise<string> {
  const { classes, labels, image } = tinyData(IMAGES);
  for (let i = 0; i < IMAGES; i++) {
    const { width, height, data } = await image(i);
    const place = join(root, name, classes[labels[i]!]!);
    mkdirSync(place, { recursive: true });
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(join(place, `${i}.png`));
  }
  return join(root, name);
}

function start(workers = 1, parameters: unknown = folder, of: string | URL = served): BatchWorkers {
  const started = new BatchWorkers(of, { workers, parameters });
  opened.push(started);
  return started;
}

async function all(iterable: AsyncIterable<Batch>): Promise<Batch[]> {
  const list: Batch[] = [];
  for await (const batch of iterable) list.push(batch);
  return list;
}

/** The batches of an epoch as they are without workers; they may have their bytes in clamped arrays. */
async function plain(epoch: number): Promise<Batch[]> {
  const { dataset, ...options } = await open(folder);
  const list = await all(batches(dataset, { ...options, dropLast: true, epoch }));
  return list.map(({ images, targets }) => ({
    images: images.map((image) => ({ ...image, data: Uint8Array.from(image.data) })),
    targets,
  }));
}

test.each([1, 2, 3])('%d workers make the same batches as none, wherever one begins', async (count) => {
  const { source } = start(count);
  const epochs = await Promise.all([0, 1].map(plain));
  expect(epochs[0]).toHaveLength(7);
  expect(epochs[1]).not.toEqual(epochs[0]);
  for (const [epoch, first] of [
    [0, 0],
    [1, 0],
    [0, 5],
    [1, 7],
  ] as const) {
    expect(await all(source(epoch, first))).toEqual(epochs[epoch]!.slice(first));
  }
});

test('an epoch that is left is no part of the next', async () => {
  const { source } = start(2);
  for await (const batch of source(0, 0)) {
    expect(batch).toEqual((await plain(0))[0]);
    break;
  }
  expect(await all(source(1, 1))).toEqual((await plain(1)).slice(1));
});

const resultOf = async (source: BatchSource) => all(source(0, 0)).catch((error: Error) => error.message);

test('an image that cannot be decoded is named, and the next epoch goes on', async () => {
  const { source } = start(2, broken);
  const message = /green.7\.png cannot be decoded/;
  expect(await resultOf(source)).toMatch(message);
  expect(await resultOf(source)).toMatch(message);
});

test('what goes wrong before the first batch is reported where it is asked for', async () => {
  expect(await resultOf(start(2, join(root, 'nowhere')).source)).toMatch(/nowhere cannot be read/);

  const write = (name: string, code: string) => {
    writeFileSync(join(root, name), code);
    return pathToFileURL(join(root, name));
  };
  const throwing = start(2, undefined, write('throwing.mjs', 'throw new Error("not today");'));
  expect(await resultOf(throwing.source)).toBe('not today');
  expect(await resultOf(throwing.source)).toBe('not today');
  const silent = start(1, undefined, write('silent.mjs', ''));
  expect(await resultOf(silent.source)).toMatch(/silent\.mjs has ended: .* does not call serveBatches/);
  expect(await resultOf(start(1, undefined, pathToFileURL(join(root, 'none.mjs'))).source)).toMatch(
    /Cannot find module .*none\.mjs/,
  );
});

test('closed workers give no batches', async () => {
  const workers = start(2);
  const batches = workers.source(0, 0)[Symbol.asyncIterator]();
  await batches.next();
  await workers.close();
  await expect(all({ [Symbol.asyncIterator]: () => batches })).rejects.toThrow('has ended: it was closed');
  expect(await resultOf(workers.source)).toMatch('has ended: it was closed');
});

test('a program that leaves its workers open waits for its batches, and then ends', async () => {
  const program = await bundle(join(__dirname, 'unclosed.ts'), root);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, served, folder], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '4\n4\n', stderr: '' });
});

test('both ends refuse what they cannot work with', () => {
  expect(() => new BatchWorkers(served, { workers: 0 })).toThrow('workers is 0');
  expect(() => serveBatches(() => open(folder))).toThrow('give its module to new BatchWorkers(module)');
});

describe('a training', () => {
  const basic = { epochs: 2, batchSize: 4, schedule: constantSchedule(0.05), seed: 3 };

  /** The weights at the end, and the steps that were taken. */
  async function trained(
    data: Dataset | BatchSource,
    options: Partial<ImageTrainOptions> = {},
    stopAt = Infinity,
  ) {
    const model = tinyModel();
    const controller = new AbortController();
    let steps = 0;
    for await (const event of train(model, data, { ...basic, ...options, signal: controller.signal })) {
      if (event.type === 'step' && ++steps === stopAt) controller.abort();
    }
    const weights = model.variables().map((variable) => variable.dataSync());
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
    return { weights, steps };
  }

  test('ends with the same weights, and so does one that goes on with another number of workers', async () => {
    const { dataset, augment, mix } = await open(folder);
    const { weights } = await trained(dataset, { augment, mix });
    expect(await trained(start(2).source)).toEqual({ weights, steps: 14 });
    const checkpoints = { folder: join(root, 'run'), resume: true };
    expect((await trained(start(3).source, { checkpoints }, 5)).steps).toBe(5);
    expect(await trained(start(1).source, { checkpoints })).toEqual({ weights, steps: 9 });
  });
});
