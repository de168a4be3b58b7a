import '#backends';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../../src/core/context.js';
import { classify } from '../../src/vision/classify.js';
import type { ImageSource, RgbImage } from '../../src/vision/image.js';
import {
  predictStream,
  type PredictStreamOptions,
  type StreamPrediction,
} from '../../src/vision/predict-stream.js';
import { preprocess } from '../../src/vision/preprocess.js';
import { SIZE, tinyData, tinyModel } from '../training/tiny.js';
import { imageFile } from './golden-vision.js';

const photo = readFileSync(imageFile('baseline.jpg'));
const truncated = photo.subarray(0, 300);

let model: ReturnType<typeof tinyModel>;
beforeAll(async () => {
  await tf.setBackend('simd');
});
beforeEach(() => {
  model = tinyModel({ seed: 1 });
});
afterEach(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

async function all<Item = ImageSource>(
  items: AsyncIterable<Item> | Iterable<Item>,
  options?: PredictStreamOptions<Item>,
): Promise<StreamPrediction<Item>[]> {
  const rows: StreamPrediction<Item>[] = [];
  for await (const row of predictStream(model, items, options)) rows.push(row);
  return rows;
}

async function pictures(count: number): Promise<RgbImage[]> {
  const data = tinyData(count);
  return Promise.all(Array.from({ length: count }, (_, i) => data.image(i)));
}

test('an image gives what classify gives, whatever the batch, bit for bit', async () => {
  const images = [...(await pictures(10)), photo];
  const expected = await classify(model, images, { batchSize: 1 });
  for (const batchSize of [1, 4, 8, 100]) {
    const rows = await all(images, { batchSize });
    expect(rows.map(({ classes }) => classes)).toEqual(expected);
    expect(rows.map(({ index }) => index)).toEqual([...images.keys()]);
    expect(rows.map(({ item }) => item)).toEqual(images);
  }
});

test('without order, every image comes once with its own answer', async () => {
  const images = await pictures(30);
  const expected = await classify(model, images);
  const image = async (picture: RgbImage) => {
    await new Promise((resolve) => setTimeout(resolve, picture.data[0]! % 9));
    return picture;
  };
  const rows = await all(images, { image, ordered: false, batchSize: 4 });
  expect(rows.map(({ index }) => index)).not.toEqual([...images.keys()]);
  rows.sort((a, b) => a.index - b.index);
  expect(rows.map(({ classes }) => classes)).toEqual(expected);
});

test('what is wrong with an image is its error, and the stream goes on', async () => {
  const items = [photo, truncated, 'none.jpg', '', 'unreadable', new Uint8Array(), 7, photo];
  const image = (item: unknown) => {
    if (item === 'unreadable') throw new Error('the shelf is empty');
    return item as ImageSource;
  };
  const rows = await all<unknown>(items, { image, batchSize: 3 });
  const errors = [
    undefined,
    'The image cannot be decoded',
    'none.jpg cannot be read',
    'The path of an image is empty',
    'the shelf is empty',
    'The image cannot be decoded (it is empty)',
    'An image is 7',
    undefined,
  ];
  rows.forEach(({ error, classes }, i) => {
    if (errors[i] === undefined) expect(classes).toHaveLength(3);
    else {
      expect(error!.message).toContain(errors[i]);
      expect(classes).toBeUndefined();
    }
  });
  expect(rows[7]!.classes).toEqual(rows[0]!.classes);
});

test('features are the means of a stage, and what the head gets; with them a network needs no head', async () => {
  const images = await pictures(5);
  const x = await preprocess(images, model.preprocessing);
  const plain = await all(images);
  const means = tf.tidy(() => model.features(x).map((map) => tf.mean(map, [1, 2])));
  const expected = means.map((mean) => mean.arraySync() as number[][]);
  const check = (rows: StreamPrediction[], place: number) =>
    rows.forEach(({ features }, i) => expect([...features!]).toEqual(expected[place]![i]));
  for (const [features, place] of [
    ['stages.0', 0],
    ['stages.1', 1],
    ['globalPool', 1],
  ] as const) {
    const rows = await all(images, { features, batchSize: 2 });
    check(rows, place);
    expect(rows.map(({ classes }) => classes)).toEqual(plain.map(({ classes }) => classes));
  }
  const logits = model.forward(x, evaluation);
  const [head] = await all(images, { features: 'head' });
  expect([...head!.features!]).toEqual([...logits.dataSync()].slice(0, 3));
  model.removeHead();
  await expect(all(images)).rejects.toThrow('This model has no head');
  const rows = await all(images, { features: 'stages.1' });
  check(rows, 1);
  expect(rows[0]!.classes).toEqual([]);
  tf.dispose([x, logits, ...means]);
});

test('a stream of any length takes bounded memory, and a caller that stops early closes it', async () => {
  const [picture] = await pictures(1);
  let [taken, given, isClosed] = [0, 0, false];
  async function* endless() {
    try {
      for (;;) {
        taken++;
        yield picture!;
      }
    } finally {
      isClosed = true;
    }
  }
  const held = tf.memory().numTensors;
  for await (const { index } of predictStream(model, endless(), { batchSize: 16, top: 1 })) {
    expect(index).toBe(given++);
    expect(taken - given).toBeLessThanOrEqual(4 * 16);
    expect(tf.memory().numTensors).toBe(held);
    if (given === 1500) break;
  }
  expect(isClosed).toBe(true);
});

test('an abort, an error of the stream or of the model ends it, and leaves no tensor', async () => {
  const [picture] = await pictures(1);
  const controller = new AbortController();
  async function* stuck() {
    for (let i = 0; i < 20; i++) yield picture!;
    await new Promise(() => {});
  }
  const waiting = all(stuck(), { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await expect(waiting).rejects.toThrow('enough');
  await expect(all([picture!], { signal: controller.signal })).rejects.toThrow('enough');

  async function* broken() {
    yield picture!;
    throw new Error('the list cannot be read');
  }
  const rows: unknown[] = [];
  const run = async () => {
    for await (const row of predictStream(model, broken())) rows.push(row);
  };
  await expect(run()).rejects.toThrow('the list cannot be read');
  expect(rows).toHaveLength(1);

  tf.tidy(() => model.head!.weight.assign(tf.fill(model.head!.weight.shape, NaN)));
  await expect(all([picture!])).rejects.toThrow('logits that are not finite');
});

test('impossible options say what to give', async () => {
  const refused = (options: object, message: string) =>
    expect(all([photo], options as PredictStreamOptions)).rejects.toThrow(message);
  await refused(
    { features: 'stages.7' },
    "features is the string 'stages.7'; give one of stem, stages.0, stages.1",
  );
  await refused({ top: 4 }, 'top is 4, and the model has 3 classes');
  await refused({ batchSize: 0 }, 'batchSize is 0');
  await refused({ ordered: 1 }, 'ordered is 1; give true or false');
  await refused({ image: 'url' }, "image is the string 'url'; give a function");
  await refused({ size: 3 }, 'predictStream has no option size');
  await expect(all(7 as never)).rejects.toThrow('predictStream: the images are 7; give an array');
  expect(SIZE).toBe(model.preprocessing.size);
});
