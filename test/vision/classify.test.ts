import '#backends';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '../../src/models/preprocessing.js';
import { buildResNet } from '../../src/models/resnet.js';
import { classify } from '../../src/vision/classify.js';
import type { Classifier } from '../../src/vision/classify-squares.js';
import type { RgbImage } from '../../src/vision/image.js';
import { preprocess } from '../../src/vision/preprocess.js';
import { fillByRule } from '../helpers/torch-model.js';
import { imageFile, ruleImage } from './golden-vision.js';

const preprocessing: Preprocessing = {
  size: 2,
  resize: 2,
  interpolation: 'bilinear',
  channels: 'rgb',
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** A classifier whose logits are the sums of red, green and blue. */
function sums(change: Partial<Classifier> = {}): Classifier {
  return {
    classes: 3,
    labels: undefined,
    preprocessing,
    predict: (images) => tf.sum(images, [1, 2]),
    ...change,
  };
}

function plain(...colour: [number, number, number]): RgbImage {
  return { width: 2, height: 2, data: Uint8Array.from({ length: 12 }, (_, i) => colour[i % 3]!) };
}

afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

test('names the likeliest classes in order, with the softmax of the logits', async () => {
  const found = await classify(sums(), plain(51, 255, 102), { labels: ['red', 'green', 'blue'], top: 2 });
  const exps = [0.8, 4, 1.6].map(Math.exp);
  const total = exps.reduce((a, b) => a + b);
  expect(found).toEqual([
    { label: 'green', index: 1, probability: expect.closeTo(exps[1]! / total, 6) },
    { label: 'blue', index: 2, probability: expect.closeTo(exps[2]! / total, 6) },
  ]);
});

test('several images give a list each, in batches, with progress', async () => {
  const batches: number[] = [];
  const model = sums({
    predict: (images) => {
      batches.push(images.shape[0]);
      return tf.sum(images, [1, 2]);
    },
  });
  const images = [0, 1, 2, 1, 0].map((c) =>
    plain(...([0, 1, 2].map((i) => (i === c ? 255 : 0)) as [0, 0, 0])),
  );
  const progress: [number, number][] = [];
  const found = await classify(model, images, {
    top: 1,
    batchSize: 2,
    onProgress: (...call) => progress.push(call),
  });
  expect(found.map(([best]) => best!.index)).toEqual([0, 1, 2, 1, 0]);
  expect(batches).toEqual([2, 2, 1]);
  expect(progress).toEqual([
    [2, 5],
    [4, 5],
    [5, 5],
  ]);
  expect(await classify(model, [])).toEqual([]);
  expect(await classify(model, [plain(1, 2, 3)])).toHaveLength(1);
});

test('probabilities of all classes sum to 1', async () => {
  const found = await classify(sums(), plain(3, 200, 90), { top: 3 });
  expect(found).toHaveLength(3);
  expect(found.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
});

test('calls one after the other let timers and events have their turn', async () => {
  const model = buildResNet(20, { width: 0.25 });
  const picture = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3) };
  let turns = 0;
  const turn = () => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  for (let i = 0; i < 10; i++) await classify(model, picture);
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(9);
  model.dispose();
});

describe('labels', () => {
  const wide = (classes: number, labels?: string[]) =>
    sums({ classes, labels, predict: (images) => tf.zeros([images.shape[0], classes]) });
  const first = async (model: Classifier, labels?: string[]) =>
    (await classify(model, plain(0, 0, 0), { labels }))[0]!.label;

  test('are those given, else those of the model', async () => {
    expect(await first(wide(3, ['x', 'y', 'z']), ['a', 'b', 'c'])).toBe('a');
    expect(await first(wide(3, ['x', 'y', 'z']))).toBe('x');
  });

  test.each([3, 10, 1000])(
    'are numbers where nobody has said names: none are guessed from %d classes',
    async (classes) => {
      expect(await first(wide(classes))).toBe('class 0');
      const resNet = buildResNet(20, { initialize: false, classes });
      expect(await first(resNet)).toBe('class 0');
      resNet.dispose();
    },
  );

  test('have to be as many as the classes', async () => {
    await expect(classify(sums(), plain(0, 0, 0), { labels: ['a', 'b'] })).rejects.toThrow(
      'There are 2 labels for a model of 3 classes',
    );
  });
});

describe('errors', () => {
  test.each([0, 4, 1.5, NaN])('top = %d', async (top) => {
    await expect(classify(sums(), plain(0, 0, 0), { top })).rejects.toThrow(`top is ${top}`);
  });

  test.each([0, -1, 2.5])('batchSize = %d', async (batchSize) => {
    await expect(classify(sums(), plain(0, 0, 0), { batchSize })).rejects.toThrow(
      `batchSize is ${batchSize}`,
    );
  });

  test.each([NaN, Infinity])('a logit of %d', async (logit) => {
    const model = sums({ predict: () => tf.tensor2d([[0, logit, 1]]) });
    await expect(classify(model, plain(0, 0, 0))).rejects.toThrow('logits that are not finite');
  });

  test('a model without a head', async () => {
    const model = buildResNet(20, { includeTop: false, initialize: false });
    await expect(classify(model, plain(0, 0, 0))).rejects.toThrow('includeTop');
    model.dispose();
  });

  test('an image among others that cannot be read is named', async () => {
    await expect(classify(sums(), [imageFile('rgb.png'), 'no/such.png'])).rejects.toThrow('no/such.png');
  });

  test('a model that throws', async () => {
    const model = sums({
      predict: (images) => {
        tf.relu(images);
        throw new Error('out of order');
      },
    });
    await expect(classify(model, plain(0, 0, 0))).rejects.toThrow('out of order');
  });
});

test('a network gives the softmax of its logits for an image file, and nothing is left in memory', async () => {
  const model = buildResNet(20);
  fillByRule(model);
  const before = tf.memory().numTensors;
  const image = ruleImage(40, 33);
  const found = await classify(model, image, { top: 10 });
  expect(tf.memory().numTensors).toBe(before);
  const x = await preprocess(image, model.preprocessing);
  const expected = tf.tidy(() => tf.softmax(model.predict(x)).dataSync<'float32'>());
  x.dispose();
  for (const { index, label, probability } of found) {
    expect(probability).toBeCloseTo(expected[index]!, 6);
    expect(label).toBe(`class ${index}`);
  }
  expect(found.map(({ probability }) => probability)).toEqual([...expected].sort((a, b) => b - a));
  await classify(model, imageFile('orientation-6.jpg'));
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

test('resetHead during classify says that the head was changed', async () => {
  const model = buildResNet(20, { width: 0.25, initialize: false });
  model.labels = Array.from({ length: 10 }, (_, i) => `name ${i}`);
  const image = { width: 2, height: 2, data: new Uint8Array(12) };
  await expect(
    classify(model, [image, image], { batchSize: 1, onProgress: () => model.resetHead(3) }),
  ).rejects.toThrow(
    'The model had 10 classes when classify began, and now gives 3 values an image: its head was changed meanwhile.',
  );
  model.dispose();
});

test('classify checks the preprocessing of what it is given', async () => {
  const model = sums({ preprocessing: { ...preprocessing, std: [0, 1, 1] } });
  await expect(classify(model, plain(1, 2, 3))).rejects.toThrow(/^preprocessing\.std is \[0, 1, 1\]/);
});

describe('files are read ahead', () => {
  const photo = new Uint8Array(readFileSync(imageFile('baseline.jpg')));
  /** A file that says when it is read. */
  const file = (read: () => void, bytes: Uint8Array = photo) =>
    new (class extends Blob {
      override arrayBuffer() {
        read();
        return super.arrayBuffer();
      }
    })([bytes as Uint8Array<ArrayBuffer>]);

  test('the next batch while the network works, and no further', async () => {
    let read = 0;
    const seen: number[] = [];
    const model = sums({
      predict: (images) => {
        seen.push(read);
        return tf.sum(images, [1, 2]);
      },
    });
    const files = Array.from({ length: 40 }, () => file(() => read++));
    await classify(model, files, { batchSize: 8 });
    expect(seen).toHaveLength(5);
    seen.forEach((read, i) => {
      expect(read).toBeLessThanOrEqual(Math.min(40, 8 * (i + 2)));
      if (i < 4) expect(read).toBeGreaterThan(8 * (i + 1));
    });
  });

  test('and give what each gives by itself', async () => {
    const files = ['baseline.jpg', 'progressive.jpg', 'baseline.jpg'].map((name) => imageFile(name));
    const images = Array.from({ length: 20 }, (_, i) => files[i % 3]!);
    const together = await classify(sums(), images, { batchSize: 3 });
    for (const [i, image] of images.entries()) {
      expect(together[i]).toEqual(await classify(sums(), image));
    }
  });

  test('a broken one in the middle is an error after the batches before it, and nothing is read after that', async () => {
    let read = 0;
    const files = Array.from({ length: 40 }, (_, i) =>
      file(() => read++, i === 18 ? photo.subarray(0, 300) : photo),
    );
    const done: number[] = [];
    const onProgress = (count: number) => done.push(count);
    await expect(classify(sums(), files, { batchSize: 8, onProgress })).rejects.toThrow('cannot be decoded');
    expect(done).toEqual([8, 16]);
    expect(read).toBeLessThanOrEqual(32);
    const now = read;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(read).toBe(now);
  });
});
