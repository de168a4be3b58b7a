import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { NotInstalledError } from '../../../src/core/not-installed.js';
import { batches } from '../../../src/training/data/batches.js';
import { arrayDataset } from '../../../src/training/data/array-dataset.js';
import type { Dataset } from '../../../src/training/data/dataset.js';
import { split } from '../../../src/training/data/parts.js';
import { decodable, decodeAll, decodeWithin } from '../../../src/training/data/decode-all.js';
import { folderDataset } from '../../../src/training/data/folder.js';
import type { SkippedFile } from '../../../src/training/data/skipped.js';
import { evaluate } from '../../../src/training/evaluate.js';
import { prepareFineTuning } from '../../../src/training/fine-tune.js';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import { train } from '../../../src/training/train.js';
import { decodeImage } from '../../../src/vision/decode-image.node.js';
import { imageFile, ruleImage } from '../../vision/golden-vision.js';
import { tinyData, tinyModel } from '../tiny.js';

const IMAGES = 60;
let folder: string;
let data: Dataset;
/** The paths of the images that are broken, in the order of the data. */
let broken: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-broken-'));
  const { classes, labels, image } = tinyData(IMAGES);
  broken = [];
  for (let i = 0; i < IMAGES; i++) {
    const { width, height, data } = await image(i);
    const place = join(folder, classes[labels[i]!]!);
    mkdirSync(place, { recursive: true });
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const isBroken = i % 5 === 4;
    if (isBroken) broken.push(`${classes[labels[i]!]!}/${10 + i}.png`);
    const content = [png.subarray(0, png.length - 40), Buffer.alloc(0), Buffer.from('<html>')][i % 3]!;
    writeFileSync(join(place, `${10 + i}.png`), isBroken ? content : png);
  }
  broken.sort();
  data = await folderDataset(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

const options = { epochs: 1, batchSize: 4, schedule: constantSchedule(0.05) };

async function trained(dataset: Dataset): Promise<void> {
  const model = tinyModel();
  try {
    for await (const event of train(model, dataset, options)) void event;
  } finally {
    model.dispose();
  }
}

async function withModel(use: (model: ReturnType<typeof tinyModel>) => Promise<unknown>): Promise<unknown> {
  const model = tinyModel();
  return use(model).finally(() => model.dispose());
}

describe('all broken images are named in one error, the first ten and how many more', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['decodeAll', () => decodeAll(data)],
    ['decodable', () => decodable(data)],
    [
      'batches',
      () =>
        batches(data, { batchSize: 4 })
          .next()
          .then(() => batches(data, { batchSize: 60 }).next()),
    ],
    ['train', () => trained(data)],
    ['train, of the part that is held out too', () => trained(split(data, { validation: 0.5 }).train)],
    ['evaluate', () => withModel((model) => evaluate(model, data))],
    ['fineTune', () => withModel((model) => prepareFineTuning(model, data))],
    [
      'fineTune, of the images held out',
      () =>
        withModel((model) =>
          prepareFineTuning(model, tinyData(30), {
            validation: { ...data, classes: ['red', 'green', 'blue'] },
          }),
        ),
    ],
  ])('%s', async (_, use) => {
    const { message } = await use().then(
      () => new Error('no error'),
      (error: Error) => error,
    );
    expect(message).toMatch(`${folder}: 12 of 60 images cannot be decoded: ${broken[0]} (`);
    for (const path of broken.slice(0, 10)) expect(message).toContain(`${path} (`);
    for (const path of broken.slice(10)) expect(message).not.toContain(`${path} (`);
    expect(message).toMatch(
      /\) and 2 more\. Replace or remove them, or leave them out: .*decodable.*--skip-broken/,
    );
  });

  test('and are left out where onSkip is given', async () => {
    for (const take of [decodeAll, decodable]) {
      const skipped: SkippedFile[] = [];
      const whole = await take(data, { onSkip: (file) => skipped.push(file) });
      expect(skipped.map(({ path }) => path)).toEqual(broken);
      expect(whole.labels).toHaveLength(48);
      await trained(whole);
    }
  });

  test('where none can be decoded, that is an error, with onSkip or without', async () => {
    const none = { ...data, image: () => Promise.reject(new Error('no image')) };
    await expect(decodeAll(none, { onSkip: () => {} })).rejects.toThrow(
      /60 of 60 images cannot be decoded: .* and 50 more/,
    );
  });

  test('a missing package is no broken image', async () => {
    const failing = { ...data, image: () => Promise.reject(new NotInstalledError('npm install sharp')) };
    await expect(decodeAll(failing, { onSkip: () => {} })).rejects.toThrow(/^npm install sharp$/);
    await expect(batches(failing, { batchSize: 4 }).next()).rejects.toThrow(/^npm install sharp$/);
  });
});

test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
  'a %s that is cut off anywhere is an error, and no picture with grey in it',
  async (format) => {
    const whole = await sharp(imageFile('baseline.jpg'))[format]().toBuffer();
    const { data } = await decodeImage(whole);
    for (let length = 1; length < whole.length; length += 1 + Math.floor(whole.length / 60)) {
      const cut = await decodeImage(whole.subarray(0, length)).catch((error: Error) => error.message);
      // What is cut off may hold no pixels.
      if (typeof cut === 'string') expect(cut).toContain('cannot be decoded');
      else expect(Buffer.from(cut.data).equals(Buffer.from(data))).toBe(true);
    }
  },
);

describe('the images in memory never take more than the limit', () => {
  // The first is the smallest.
  const images = Array.from({ length: 200 }, (_, i) => ruleImage(1, 1 + 10 * i));
  const bytes = images.reduce((sum, { data }) => sum + data.length, 0);
  const sized = arrayDataset(
    images,
    images.map((_, i) => i % 2),
    ['a', 'b'],
  );
  let kept: number;
  const counting: Dataset = { ...sized, image: (i) => ((kept = Math.max(kept, i)), sized.image(i)) };
  beforeEach(() => (kept = 0));

  test('all that fit are kept', async () => {
    const { dataset, bytes: taken } = await decodeWithin(counting, bytes, {});
    expect(taken).toBe(bytes);
    kept = -1;
    expect(await dataset.image(199)).toEqual(images[199]);
    expect(kept).toBe(-1);
  });

  test('one byte less, and none is: each is decoded when it is asked for', async () => {
    const { dataset, bytes: taken } = await decodeWithin(counting, bytes - 1, {});
    expect(taken).toBe(0);
    kept = -1;
    expect(await dataset.image(7)).toEqual(images[7]);
    expect(kept).toBe(7);
  });

  test('what counts is what is kept: the images as they are transformed', async () => {
    const transform = () => ruleImage(1, 1);
    expect((await decodeWithin(sized, 600, { transform })).bytes).toBe(600);
    expect((await decodeWithin(sized, 599, { transform })).bytes).toBe(0);
  });
});
