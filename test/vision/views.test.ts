import * as tf from '@tensorflow/tfjs-core';
import { Module } from '../../src/core/module.js';
import { collectLogits } from '../../src/training/collect-logits.js';
import { evaluate } from '../../src/training/evaluate.js';
import { predict } from '../../src/vision/predict.js';
import { preprocess } from '../../src/vision/preprocess.js';
import { resizeAndCrop } from '../../src/vision/resize.js';
import { SIZE, tinyData, tinyModel } from '../training/tiny.js';

beforeAll(() => tf.setBackend('simd'));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

const data = tinyData(5);
const images = Array.from({ length: 5 }, (_, i) => data.image(i));

async function pictures() {
  return Promise.all(images);
}

function expectClose(a: tf.Tensor, b: tf.Tensor) {
  expect(a.shape).toEqual(b.shape);
  const wanted = b.dataSync();
  a.dataSync().forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 4));
}

test('flip is the mean of the logits of an image and of its mirror image, of tensors too', async () => {
  const model = tinyModel();
  const x = await preprocess(await pictures(), model.preprocessing);
  const wanted = tf.tidy(() => tf.div(tf.add(model.predict(x), model.predict(tf.reverse4d(x, 2))), 2));
  const ofImages = await predict(model, await pictures(), { views: 'flip', batchSize: 2 });
  const ofTensor = await predict(model, x, { views: 'flip', batchSize: 3 });
  expectClose(ofImages, wanted);
  expectClose(ofTensor, wanted);
  const { logits } = await collectLogits(model, data, { views: 'flip' });
  const rows = tf.tensor2d(logits.map((row) => Array.from(row)));
  expectClose(rows, wanted);
  tf.dispose([x, wanted, ofImages, ofTensor, rows]);
  model.dispose();
});

test("ten crops are the corners and the centre of a larger picture, as torchvision's TenCrop, with their mirror images", async () => {
  const model = tinyModel({ preprocessing: { resize: 11 } });
  const side = { ...model.preprocessing, size: 11, resize: 11 };
  const x = await preprocess(await pictures(), side);
  // 3 pixels are left over: the centre begins at round(1.5), which is 2 in Python.
  const corners = [
    [0, 0],
    [0, 3],
    [3, 0],
    [3, 3],
    [2, 2],
  ] as const;
  const wanted = tf.tidy(() => {
    const crops = corners.map(([top, left]) => tf.slice4d(x, [0, top, left, 0], [-1, SIZE, SIZE, -1]));
    const views = [...crops, ...crops.map((crop) => tf.reverse4d(crop, 2))];
    return tf.mean(tf.stack(views.map((view) => model.predict(view))), 0);
  });
  const logits = await predict(model, await pictures(), { views: 'ten-crop' });
  expectClose(logits, wanted);
  const five = await predict(model, await pictures(), { views: 'five-crop' });
  const wantedFive = tf.tidy(() => {
    const crops = corners.map(([top, left]) => tf.slice4d(x, [0, top, left, 0], [-1, SIZE, SIZE, -1]));
    return tf.mean(tf.stack(crops.map((view) => model.predict(view))), 0);
  });
  expectClose(five, wantedFive);
  tf.dispose([x, wanted, wantedFive, logits, five]);
  model.dispose();
});

test('where images are no larger than the network sees, crops are cut from one of 8/7 of the side', async () => {
  const model = tinyModel();
  expect(model.preprocessing.resize).toBe(SIZE);
  const larger = (await pictures()).map((image) =>
    resizeAndCrop(image, { ...model.preprocessing, size: 9, resize: 9 }),
  );
  const wider = tinyModel({ preprocessing: { resize: 9 } });
  const [a, b] = [
    await predict(model, await pictures(), { views: 'five-crop' }),
    await predict(wider, larger, { views: 'five-crop' }),
  ];
  expectClose(a, b);
  tf.dispose([a, b]);
  const evaluation = await evaluate(model, data, { views: 'ten-crop', batchSize: 2 });
  expect(evaluation.images).toBe(5);
  model.dispose();
  wider.dispose();
});

test('what views cannot be taken of is refused, and leaves no tensor', async () => {
  const model = tinyModel();
  const x = tf.zeros<tf.Rank.R4>([2, 8, 8, 3]);
  const held = tf.memory().numTensors;
  await expect(predict(model, await pictures(), { views: 'flips' as never })).rejects.toThrow(
    "views is 'flips'; give one of 'flip', 'five-crop', 'ten-crop'.",
  );
  await expect(evaluate(model, data, { views: 'crop' as never })).rejects.toThrow("views is 'crop'");
  await expect(predict(model, x, { views: 'ten-crop' })).rejects.toThrow(
    "views is 'ten-crop', which needs images; of a tensor, give 'flip'.",
  );
  class Rows extends Module<tf.Tensor2D, tf.Tensor2D> {
    override forward(rows: tf.Tensor2D) {
      return rows;
    }
  }
  const rows = tf.zeros<tf.Rank.R2>([2, 3]);
  await expect(predict(new Rows(), rows, { views: 'flip' })).rejects.toThrow(
    "views is 'flip', which needs a tensor [N, height, width, channels]",
  );
  rows.dispose();
  class Pair extends Module<tf.Tensor4D, tf.Tensor4D[]> {
    override forward(y: tf.Tensor4D) {
      return [y, y];
    }
  }
  await expect(predict(new Pair(), x, { views: 'flip' })).rejects.toThrow(
    'views are averaged of one tensor, and the network gave an array',
  );
  expect(tf.memory().numTensors).toBe(held);
  x.dispose();
  model.dispose();
});
