import * as tf from '@tensorflow/tfjs-core';
import { imageNetLabels, imageNetWordNetIds } from '../../src/models/labels/imagenet.js';
import { arrayDataset } from '../../src/training/data/array-dataset.js';
import type { Dataset } from '../../src/training/data/dataset.js';
import { evaluate } from '../../src/training/evaluate.js';
import { fineTune } from '../../src/training/fine-tune.js';
import { matchClasses, type ClassMapping } from '../../src/training/match-classes.js';
import { train } from '../../src/training/train.js';
import { withWordNetIds } from '../../src/training/wordnet-ids.js';
import { decodedAtOnce } from '../../src/vision/decode-image.node.js';
import { rightModel, tinyData } from './tiny.js';

const data = tinyData(30);

/** The images of these classes only, with the classes in this order. */
async function withClasses(classes: readonly string[]): Promise<Dataset> {
  const places = Array.from(data.labels.keys()).filter((i) =>
    classes.includes(data.classes[data.labels[i]!]!),
  );
  const images = await Promise.all(places.map((i) => data.image(i)));
  const labels = places.map((i) => classes.indexOf(data.classes[data.labels[i]!]!));
  return arrayDataset(images, labels, [...classes]);
}

/** The same images, of classes of these names. */
function named(...classes: string[]): Dataset {
  return { ...data, classes };
}

const orders = [
  'red green blue',
  'red blue green',
  'green red blue',
  'green blue red',
  'blue red green',
  'blue green red',
];

describe('classes go by their names: a network that is right about every image', () => {
  const model = rightModel(['red', 'green', 'blue']);
  beforeEach(() => (model.labels = ['red', 'green', 'blue']));
  afterAll(() => {
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });
  const top1 = async (data: Dataset, classes?: Record<string, string | number>) =>
    (await evaluate(model, data, { classes })).top1;

  test.each(orders)('has 100 %% whatever the order of the data: %s', async (order) => {
    const found = await evaluate(model, await withClasses(order.split(' ')));
    expect(found).toMatchObject({ top1: 1, perClass: [1, 1, 1] });
    expect(found.confusion).toEqual([
      [10, 0, 0],
      [0, 10, 0],
      [0, 0, 10],
    ]);
  });

  test.each(orders)('has 100 %% whatever the order of the network: %s', async (order) => {
    const other = rightModel(order.split(' '));
    expect((await evaluate(other, data)).top1).toBe(1);
    other.dispose();
  });

  test('and the data may have fewer classes', async () => {
    const { images, top1, confusion, perClass } = await evaluate(model, await withClasses(['blue', 'red']));
    expect([images, top1]).toEqual([20, 1]);
    expect(confusion.map((row) => row.reduce((a, b) => a + b, 0))).toEqual([10, 0, 10]);
    expect(perClass[1]).toBeNaN();
  });

  test('other names are an error that says which, and how to map them', async () => {
    await expect(evaluate(model, named('red', 'vert', 'blue'))).rejects.toThrow(
      'The data has the classes vert, which the model does not know; it knows green, which the data lacks. Say which is which ' +
        "by the option classes, such as { 'vert': 'green' }, on the command line --classes \"vert=green\".",
    );
    await expect(evaluate(model, named('rouge', 'Greens', 'blue'))).rejects.toThrow("{ 'Greens': 'green' }");
    // Not by place, though there are as many.
    await expect(evaluate(model, named('blu', 'rosso', 'verde'))).rejects.toThrow(
      'the classes blu, rosso, verde, which the model does not know; it knows red, green, blue, which',
    );
    const more = named('red', 'green', 'blue', 'mauve');
    await expect(evaluate(model, more)).rejects.toThrow(
      'the classes mauve, which the model does not know; each of its classes, red, green, blue, is in the data already. Say which is ' +
        "which by the option classes, such as { 'name in the data': 'name in the model' }, on the command line --classes " +
        '"name in the data=name in the model".',
    );
    const many = named(...Array.from({ length: 25 }, (_, i) => `c${i}`));
    await expect(evaluate(model, many)).rejects.toThrow(
      /the classes c0, c1, [^.]*, c9 and 15 more, which the model/,
    );
  });

  test('a mapping says which is which: by name, by number, some or all', async () => {
    const french = named('rouge', 'vert', 'bleu');
    expect(await top1(french, { rouge: 'red', vert: 'green', bleu: 'blue' })).toBe(1);
    expect(await top1(french, { rouge: 0, vert: '1', bleu: 2 })).toBe(1);
    expect(await top1(french, { rouge: 'green', vert: 'blue', bleu: 'red' })).toBe(0);
    expect(await top1(named('red', 'vert', 'blue'), { vert: 'green' })).toBe(1);
    // Several of the data may be one of the model's.
    const merged = await evaluate(model, named('rouge', 'vermillon', 'blue'), {
      classes: { rouge: 'red', vermillon: 'red' },
    });
    expect(merged.confusion).toEqual([
      [10, 10, 0],
      [0, 0, 0],
      [0, 0, 10],
    ]);
  });

  test('a mapping that cannot be is refused', async () => {
    const french = named('rouge', 'green', 'blue');
    await expect(top1(french, { rouge: 'rosso' })).rejects.toThrow(
      "maps 'rouge' to 'rosso', which the model does not know; give one of its names, red, green, blue, or the number of a class, " +
        'from 0 to 2.',
    );
    for (const target of [3, -1, 0.5, NaN, '3', null as never]) {
      await expect(top1(french, { rouge: target })).rejects.toThrow(
        `maps 'rouge' to '${target}', which the model`,
      );
    }
    await expect(top1(data, { Red: 'blue' })).rejects.toThrow(
      'The option classes maps Red, and the data has the classes red, green, blue; map names that the data has.',
    );
  });

  test.each([
    [new Map([['red', 'blue']]), 'an object (Map); give an object such as'],
    ['red=blue', "the string 'red=blue'"],
    [['red'], 'an array'],
    [null, 'null'],
    [3, '3'],
  ])('a mapping that is no object of names is refused: %p', async (classes, text) => {
    const given = { classes: classes as never };
    await expect(evaluate(model, data, given)).rejects.toThrow(`The option classes is ${text}`);
    await expect(fineTune(model, data, given)).rejects.toThrow(`The option classes is ${text}`);
    const options = { epochs: 1, schedule: () => 0.1, ...given };
    expect(() => train(model, data, options)).toThrow(`The option classes is ${text}`);
  });

  test('names of other letters of the same look, and of words of JavaScript', async () => {
    model.labels = ['caf\u00e9', 'constructor', '__proto__'];
    expect(await top1(named('cafe\u0301', 'constructor', '__proto__'))).toBe(1);
    await expect(top1(named('toString', 'constructor', '__proto__'))).rejects.toThrow(
      'the classes toString, which',
    );
  });

  test('a name that two classes have is not taken for one of them', async () => {
    model.labels = ['crane', 'crane', 'blue'];
    // The same names in the same order are the same classes.
    expect(await top1(named('crane', 'crane', 'blue'))).toBe(1);
    const one = await withClasses(['red', 'blue']);
    await expect(top1({ ...one, classes: ['crane', 'blue'] })).rejects.toThrow(
      "The model has 2 classes of the name 'crane', 0 and 1; say which one by its number, such as { 'crane': 0 }",
    );
    await expect(top1({ ...one, classes: ['stork', 'blue'] }, { stork: 'crane' })).rejects.toThrow(
      "2 classes of the name 'crane'",
    );
    expect(await top1({ ...one, classes: ['crane', 'blue'] }, { crane: 0 })).toBe(1);
    model.labels = ['red', 'green', 'blue'];
    await expect(top1(named('red', 'red', 'blue'))).rejects.toThrow(
      "The data has two classes of the name 'red'; give each another name",
    );
  });

  test('where the model has no names, classes go by place, and there are as many', async () => {
    model.labels = undefined;
    expect(await top1(named('n01', 'n02', 'n03'))).toBe(1);
    await expect(top1(await withClasses(['red', 'blue']))).rejects.toThrow(
      'The model has 3 classes and the data 2; give data of as many',
    );
    expect(await top1(await withClasses(['blue', 'red']), { blue: 2, red: 0 })).toBe(1);
    await expect(top1(await withClasses(['blue', 'red']), { blue: 2 })).rejects.toThrow(
      "The model's classes have no names, and the option classes gives no number for red",
    );
    await expect(top1(data, { red: 'rouge' })).rejects.toThrow(
      "maps 'red' to 'rouge', which the model does not know; give the number of a class, from 0 to 2.",
    );
  });

  test('a label that is no place among the classes is refused', async () => {
    await expect(top1({ ...data, labels: data.labels.with(4, 7) })).rejects.toThrow(
      'A label of the data is 7, and it has 3 classes',
    );
  });

  test('labels that are not as many as the classes are refused', () => {
    expect(() => (model.labels = ['red', 'blue'])).toThrow(
      'There are 2 labels for a model of 3 classes; give as many.',
    );
    expect(() => (model.labels = [1, 2, 3] as never)).toThrow('labels[0] is 1; give a name for each class.');
    expect(model.labels).toEqual(['red', 'green', 'blue']);
  });
});

test("folders named by WordNet ids are found among ImageNet's labels, and among no others", async () => {
  const matched = async (labels: readonly string[], data: Dataset, mapping?: ClassMapping) => {
    const known = { classes: 1000, labels };
    return matchClasses(known, data, await withWordNetIds(known, mapping, data));
  };
  const two = arrayDataset(
    [0, 1, 1].map(() => ({ width: 1, height: 1, data: new Uint8Array(3) })),
    [0, 1, 1],
    ['n02123045', 'n01440764'],
  );
  const found = await matched(imageNetLabels, two);
  expect(Array.from(found.labels, (place) => imageNetLabels[place])).toEqual(['tabby', 'tench', 'tench']);
  expect(Array.from(found.labels, (place) => imageNetWordNetIds[place])).toEqual([
    'n02123045',
    'n01440764',
    'n01440764',
  ]);
  expect(found.classes).toBe(imageNetLabels);
  // A mapping goes before, and may lead to an id.
  const cats = { ...two, classes: ['cat', 'n01440764'] };
  const mapped = await matched(imageNetLabels, cats, { cat: 'n02123045', n01440764: 'goldfish' });
  expect(Array.from(mapped.labels, (place) => imageNetLabels[place])).toEqual([
    'tabby',
    'goldfish',
    'goldfish',
  ]);
  const others = imageNetLabels.with(0, 'something else');
  await expect(matched(others, two)).rejects.toThrow('the classes n02123045, n01440764, which the model');
  await expect(matched(imageNetLabels, { ...two, classes: ['n00000001', 'tabby'] })).rejects.toThrow(
    'the classes n00000001, which the model',
  );
});

test('resetHead during evaluate says that the head was changed', async () => {
  const model = rightModel(['red', 'green', 'blue']);
  const onProgress = () => model.resetHead(2);
  await expect(evaluate(model, data, { batchSize: 10, onProgress })).rejects.toThrow(
    'The model had 3 classes when evaluate began, and now gives 2 values an image',
  );
  model.dispose();
});

describe('images are read side by side and ahead', () => {
  function watched(count: number) {
    const counts = { running: 0, most: 0, begun: 0 };
    const whole = tinyData(count);
    const image = async (i: number) => {
      counts.begun++;
      counts.most = Math.max(counts.most, ++counts.running);
      await new Promise((resolve) => setTimeout(resolve, i % 3));
      counts.running--;
      return whole.image(i);
    };
    return { counts, data: { ...whole, image }, whole };
  }

  test('a bounded number at once, with the same result', async () => {
    const model = rightModel(['red', 'green', 'blue']);
    const { counts, data, whole } = watched(150);
    const result = await evaluate(model, data, { batchSize: 40 });
    expect(result).toEqual(await evaluate(model, whole, { batchSize: 40 }));
    expect([counts.most, counts.running, counts.begun]).toEqual([decodedAtOnce, 0, 150]);
    model.dispose();
  });

  test('where the signal stops it, nothing runs any more', async () => {
    const model = rightModel(['red', 'green', 'blue']);
    const { counts, data } = watched(150);
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('stopped'));
    const options = { batchSize: 10, onProgress, signal: controller.signal };
    await expect(evaluate(model, data, options)).rejects.toThrow('stopped');
    expect(counts.running).toBe(0);
    const { begun } = counts;
    expect(begun).toBeLessThanOrEqual(30);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(counts.begun).toBe(begun);
    model.dispose();
  });
});
