import * as tf from '@tensorflow/tfjs-core';
import { evaluate } from '../../src/training/evaluate.js';
import { arrayDataset, type Dataset } from '../../src/training/data/dataset.js';
import { tinyData, tinyModel } from './tiny.js';

/** The images of these classes only, with the classes in this order. */
async function withClasses(data: Dataset, classes: readonly string[]): Promise<Dataset> {
  const places = Array.from(data.labels.keys()).filter((i) =>
    classes.includes(data.classes[data.labels[i]!]!),
  );
  const images = await Promise.all(places.map((i) => data.image(i)));
  return arrayDataset(
    images,
    places.map((i) => classes.indexOf(data.classes[data.labels[i]!]!)),
    [...classes],
  );
}

describe('classes go by their names', () => {
  const model = tinyModel();
  const data = tinyData(30);
  beforeAll(() => (model.labels = ['red', 'green', 'blue']));
  afterAll(() => {
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('in whatever order the data have them', async () => {
    const expected = await evaluate(model, data);
    const found = await evaluate(model, await withClasses(data, ['blue', 'red', 'green']));
    expect(found).toEqual(expected);
  });

  test('and the data may have fewer', async () => {
    const { images, confusion, perClass } = await evaluate(model, await withClasses(data, ['blue', 'red']));
    expect(images).toBe(20);
    expect(confusion.map((row) => row.reduce((a, b) => a + b, 0))).toEqual([10, 0, 10]);
    expect(perClass[1]).toBeNaN();
  });

  test('but none that the model does not know', async () => {
    const other = arrayDataset([await data.image(0), await data.image(1)], [0, 1], ['red', 'mauve']);
    await expect(evaluate(model, other)).rejects.toThrow(
      'The data has the classes mauve, which the model does not know; it knows red, green, blue.',
    );
  });

  test('where no name is known on both sides, by their place', async () => {
    const ids = { ...data, classes: ['n01', 'n02', 'n03'] };
    expect(await evaluate(model, ids)).toEqual(await evaluate(model, data));
    await expect(evaluate(model, { ...data, classes: ['n01', 'n02'] })).rejects.toThrow(
      'The model has 3 classes and the data 2; give data of as many',
    );
  });
});
