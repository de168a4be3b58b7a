import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../src/core/errors.js';
import { buildModel } from '../../src/models/build-model.js';
import {
  changedPreprocessing,
  checkPreprocessing,
  type Preprocessing,
} from '../../src/models/preprocessing.js';
import { pretrained } from '../../src/pretrained/pretrained.js';
import { preprocess, preprocessInput } from '../../src/vision/preprocess.js';
import { resize, resizeAndCrop } from '../../src/vision/resize.js';

afterEach(() => expect(tf.memory().numTensors).toBe(0));

const whole: Preprocessing = {
  size: 2,
  resize: 2,
  interpolation: 'bilinear',
  channels: 'rgb',
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};
const picture = { width: 2, height: 2, data: new Uint8Array(12) };

/** Parts that cannot be, each with the error. */
const impossible: [part: object, message: RegExp][] = [
  [{ mena: [0, 0, 0] }, /^preprocessing has no option mena; did you mean mean\?$/],
  [{ cropPct: 0.9 }, /^preprocessing has no option cropPct; it has size, resize, /],
  [
    { std: [-1, 1, 1] },
    /^preprocessing\.std is \[-1, 1, 1\]; give an array of three finite numbers of at least/,
  ],
  [{ std: [0, 0, 0] }, /^preprocessing\.std is \[0, 0, 0\]; give/],
  [{ mean: 0.5 }, /^preprocessing\.mean is 0\.5; give an array of three finite numbers\.$/],
  [{ mean: [0.5, 0.5] }, /^preprocessing\.mean is \[0\.5, 0\.5\]; give/],
  [{ mean: [0, NaN, 0] }, /^preprocessing\.mean is \[0, NaN, 0\]; give/],
  [{ mean: new Float32Array(3) }, /^preprocessing\.mean is an object \(Float32Array\); give an array/],
  [{ size: 0 }, /^preprocessing\.size is 0; give a whole number of pixels from 1 to 8192\.$/],
  [{ size: -3 }, /^preprocessing\.size is -3; give/],
  [{ size: 9000 }, /^preprocessing\.size is 9000; give/],
  [{ resize: 1.5 }, /^preprocessing\.resize is 1\.5; give/],
  [
    { interpolation: 'bicubicc' },
    /^preprocessing\.interpolation is the string 'bicubicc'; give one of 'nearest', /,
  ],
  [{ interpolation: 'area' }, /^preprocessing\.interpolation is the string 'area'; give/],
  [{ channels: 'rbg' }, /^preprocessing\.channels is the string 'rbg'; give one of 'rgb', 'bgr'\.$/],
  [{ scale: 0 }, /^preprocessing\.scale is 0; give a positive number/],
  [{ scale: Infinity }, /^preprocessing\.scale is Infinity; give/],
  [{ stretch: 'false' }, /^preprocessing\.stretch is the string 'false'; give true or false\.$/],
];

test.each(impossible)('a preprocessing with %j is refused by the builders', (part, message) => {
  const preprocessing = part as Partial<Preprocessing>;
  for (const name of ['resnet20', 'efficientnet-lite0'])
    expect(() => buildModel(name, { initialize: false, preprocessing })).toThrow(message);
});

test.each(impossible)('a preprocessing with %j is refused by preprocess', async (part, message) => {
  const preprocessing = { ...whole, ...part };
  expect(() => checkPreprocessing(preprocessing)).toThrow(ArgumentError);
  await expect(preprocess(picture, preprocessing)).rejects.toThrow(message);
});

test.each(['keras', null, [1]])('a preprocessing that is %j is refused', async (given) => {
  const preprocessing = given as never;
  expect(() => buildModel('resnet20', { initialize: false, preprocessing })).toThrow(
    /^preprocessing: the options are /,
  );
  await expect(pretrained('resnet20', { preprocessing })).rejects.toThrow(ArgumentError);
});

test('preprocessInput and resizeAndCrop check the parts that they take', () => {
  const colors = { ...whole, std: [0, 1, 1] };
  expect(() => preprocessInput([picture], colors)).toThrow(/^preprocessing\.std is/);
  expect(() => preprocessInput([picture], { preprocessing: colors })).toThrow(/^preprocessing\.std is/);
  expect(() => preprocessInput([picture], {} as never)).toThrow(/^preprocessing\.channels is undefined/);
  expect(() => preprocessInput([picture], Promise.resolve(whole) as never)).toThrow(
    /^The manner of the input is a promise \(await it\)/,
  );
  expect(() => preprocessInput([picture], null as never)).toThrow(/^The manner of the input is null/);
  expect(() => resizeAndCrop(picture, { ...whole, interpolation: 'area' as never })).toThrow(ArgumentError);
  expect(() => resize(picture, 2, 2, 'area' as never)).toThrow(/^interpolation is 'area'/);
});

test('a part that is undefined is as if left out, and arrays are copied', () => {
  const mean = [1, 2, 3];
  const changed = changedPreprocessing(whole, { size: undefined, mean });
  expect(changed).toEqual({ ...whole, mean });
  mean[0] = NaN;
  expect(changed.mean).toEqual([1, 2, 3]);
});
