import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { predict, type PredictOptions } from '../../src/vision/predict.js';
import { preprocess } from '../../src/vision/preprocess.js';
import { ForkedNet, forkedBatch, type ForkedInput } from '../helpers/forked-net.js';
import { tinyData, tinyModel } from '../training/tiny.js';

const cat = join(__dirname, '../../examples/photos/cat.jpg');

beforeAll(() => tf.setBackend('simd'));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

test.each([1, 4, 6, 100])('two outputs of two inputs, in order, by batches of %d', async (batchSize) => {
  const net = new ForkedNet(1);
  const { x, y } = forkedBatch(0);
  const whole = net.forward(x, evaluation);
  const held = tf.memory().numTensors;
  const done: number[] = [];
  const output = await predict(net, x, { batchSize, onProgress: (count, total) => done.push(count, total) });
  expect(tf.memory().numTensors).toBe(held + 2);
  expect(done.slice(-2)).toEqual([6, 6]);
  expect(done).toHaveLength(2 * Math.ceil(6 / batchSize));
  for (const place of [0, 1] as const) {
    expect(output[place].shape).toEqual(whole[place].shape);
    const expected = whole[place].dataSync();
    output[place].dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  }
  net.dispose();
  tf.dispose([...output, ...whole, x.map, x.facts, y.classes, y.sizes]);
});

test('images of an image classifier: a path and pictures of any size give the logits of preprocess and forward', async () => {
  const model = tinyModel();
  const data = tinyData(3);
  const images = [await data.image(0), cat, await data.image(1), await data.image(2)];
  const x = await preprocess(images, model.preprocessing);
  const expected = model.predict(x);
  const logits = await predict(model, images, { batchSize: 3 });
  expect(logits.shape).toEqual([4, 3]);
  const [a, b] = [logits.dataSync(), expected.dataSync()];
  a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 5));
  const one = await predict(model, cat);
  one.dataSync().forEach((value, i) => expect(value).toBeCloseTo(b[3 + i]!, 5));
  const prepared = await predict(model, x);
  prepared.dataSync().forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 5));
  model.dispose();
  tf.dispose([x, expected, logits, one, prepared]);
});

/** Gives a part of its input as it is, and a mean over the examples. */
class Echo extends Module<tf.Tensor2D, { same: tf.Tensor2D; mean?: tf.Tensor1D }> {
  constructor(readonly hasMean: boolean) {
    super();
  }

  override forward(x: tf.Tensor2D) {
    return { same: x, ...(this.hasMean && { mean: tf.mean(x, 0) as tf.Tensor1D }) };
  }
}

test('an output that is the input stays when the input is freed, and the other way round', async () => {
  const x = tf.tensor2d([1, 2, 3, 4], [4, 1]);
  const { same } = await predict(new Echo(false), x, { batchSize: 3 });
  expect([...x.dataSync()]).toEqual([1, 2, 3, 4]);
  x.dispose();
  expect([...same.dataSync()]).toEqual([1, 2, 3, 4]);
  same.dispose();
});

describe('errors leave no tensor', () => {
  let net: ForkedNet;
  let x: ForkedInput;
  beforeEach(() => {
    net = new ForkedNet();
    x = forkedInput();
  });
  afterEach(() => {
    net.dispose();
    tf.dispose([x.map, x.facts]);
  });

  function forkedInput(): ForkedInput {
    const { x, y } = forkedBatch(0);
    tf.dispose([y.classes, y.sizes]);
    return x;
  }

  const refused = async (work: () => Promise<unknown>, message: string) => {
    const held = tf.memory().numTensors;
    await expect(work()).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(held);
  };

  test('impossible arguments', async () => {
    await refused(() => predict(net, x, { batchSize: 0 }), 'batchSize is 0');
    await refused(() => predict(net, x, { size: 3 } as PredictOptions), 'predict has no option size');
    await refused(() => predict({} as ForkedNet, x), 'predict: the model is an object; give a Module');
    await refused(() => predict(net, [cat] as never), 'predict: x is an array; give a tensor');
    const model = tinyModel();
    await refused(() => predict(model, []), 'there is nothing to predict');
    await refused(() => predict(model, ['none.jpg']), 'none.jpg');
    model.dispose();
  });

  test('inputs of unequal length', async () => {
    const facts = tf.zeros<tf.Rank.R2>([5, 2]);
    await refused(
      () => predict(net, { map: x.map, facts }, { batchSize: 2 }),
      'x.facts has the shape [5,2], and the batch has 6 examples',
    );
    facts.dispose();
  });

  test('an output without a row for each example', async () => {
    const input = tf.zeros<tf.Rank.R2>([4, 3]);
    await refused(() => predict(new Echo(true), input), 'the network gave [3] at mean for 4 examples');
    input.dispose();
  });

  test('an abort between two batches', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    await refused(() => predict(net, x, { batchSize: 2, onProgress, signal: controller.signal }), 'enough');
  });
});
