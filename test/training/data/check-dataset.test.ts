import {
  arrayDataset,
  batches,
  cifar10Dataset,
  cifar100Dataset,
  decodable,
  decodeAll,
  split,
  subset,
  type Dataset,
} from '../../../src/training/data/index.js';
import { evaluate } from '../../../src/training/evaluate.js';
import { fineTune } from '../../../src/training/fine-tune.js';
import { compose } from '../../../src/vision/augment/augmentation.js';
import { tinyData, tinyModel } from '../tiny.js';

const model = tinyModel();
afterAll(() => model.dispose());

const takers: [string, (data: never) => unknown][] = [
  ['evaluate', (data) => evaluate(model, data)],
  ['fineTune', (data) => fineTune(model, data)],
  ['decodeAll', (data) => decodeAll(data)],
  ['decodable', (data) => decodable(data)],
  ['batches', (data) => batches(data, { batchSize: 4 }).next()],
  ['split', async (data) => split(data, { validation: 0.5 })],
  ['subset', async (data) => subset(data, [0])],
];

describe.each(takers)('%s', (name, take) => {
  test.each<[string, unknown, string]>([
    ['a promise', Promise.resolve(tinyData(9)), 'a promise; give what it resolves to: await it.'],
    ['a path', 'photos/', "the string 'photos/'; give a data set, as folderDataset, tarDataset and arrayDataset make it."],
    ['nothing', undefined, 'undefined; give a data set'],
    ['a list of images', [{ width: 1, height: 1, data: new Uint8Array(3) }], 'an array; give a data set'],
    ['a part of one', { classes: ['a', 'b'] }, 'an object; give a data set'],
  ])('says what is given for a data set: %s', async (_, data, message) => {
    await expect(take(data as never)).rejects.toMatchObject({
      name: 'ArgumentError',
      message: expect.stringContaining(`${name}: the data are ${message}`),
    });
  });
}); // prettier-ignore

test.each<[unknown, number[]]>([[NaN, [0, NaN]], [1.5, [0, 1.5]], [-1, [0, -1]], [9, [0, 9]], ["the string '1'", [0, '1' as never]]])(
  'subset refuses the index %s',
  (text, indices) => {
    expect(() => subset(tinyData(9), indices)).toThrow(
      `subset: index 1 is ${text}, and the data has 9 images; give whole numbers from 0 to 8.`,
    );
  },
); // prettier-ignore

test('subset takes lists of any kind, and refuses what is none', () => {
  expect(subset(tinyData(9), Int32Array.of(8, 8)).labels).toHaveLength(2);
  expect(subset(tinyData(9), []).labels).toHaveLength(0);
  expect(() => subset(tinyData(9), 3 as never)).toThrow('subset: the indices are 3; give an array');
});

test.each([0, -32, NaN, 1.5, '32'])('evaluate refuses %p as size and as batchSize', async (value) => {
  for (const option of ['size', 'batchSize'])
    await expect(evaluate(model, tinyData(9), { [option]: value })).rejects.toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(new RegExp(`^${option} is .*; give an integer of at least 1`)),
    });
});

test.each<[string, unknown, string]>([
  ['nothing', undefined, "the names of the classes are missing; give an array of the name of each class, such as ['cat', 'dog']."],
  ['options', { classes: ['a', 'b'] }, 'the names of the classes are an object; give an array'],
  ['one name', 'cat', "the names of the classes are the string 'cat'; give an array"],
  ['numbers', ['a', 1], 'the name of class 1 is 1; give an array'],
])('arrayDataset says what is wrong with the names of classes: %s', (_, classes, message) => {
  expect(() => arrayDataset([], [], classes as string[])).toThrow(`arrayDataset: ${message}`);
}); // prettier-ignore

test('arrayDataset says what is wrong with images and labels', () => {
  expect(() => arrayDataset(undefined as never, [], ['a'])).toThrow('arrayDataset: the images are undefined');
  expect(() => arrayDataset([], 'ab' as never, ['a'])).toThrow(
    "arrayDataset: the labels are the string 'ab'",
  );
});

test.each<[string, (files: never) => Promise<Dataset>]>([
  ['cifar10Dataset', cifar10Dataset],
  ['cifar100Dataset', cifar100Dataset],
])('%s asks for an array of files', async (name, open) => {
  for (const [files, text] of [
    ['/x/data_batch_1.bin', "the string '/x/data_batch_1.bin'"],
    [[], 'an empty array'],
    [new Uint8Array(3), 'an object (Uint8Array)'],
  ])
    await expect(open(files as never)).rejects.toThrow(
      `${name}: the files are ${text as string}; give an array of paths, URLs or bytes, also of one: [file].`,
    );
});

test.each([NaN, 'x', {}, undefined])('compose refuses %p', (value) => {
  expect(() => compose((image) => image, value as never)).toThrow('compose: an augmentation is ');
});
