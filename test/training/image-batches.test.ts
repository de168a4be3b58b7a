import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { Dense } from '../../src/layers/dense.js';
import { imageBatches, type ImageBatchesOptions } from '../../src/training/data/image-batches.js';
import { tensorBatches } from '../../src/training/data/tensor-batches.js';
import { evaluate } from '../../src/training/evaluate.js';
import { softmaxCrossEntropy } from '../../src/training/losses.js';
import { accuracy } from '../../src/training/measure.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { train } from '../../src/training/train.js';
import { SIZE, tinyData, tinyModel } from './tiny.js';

/** A plain network of images that is no ImageClassifier. */
class PlainNet extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly conv: Conv2D;
  readonly norm = new BatchNorm({ channels: 6, epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' });
  readonly head: Dense;

  constructor() {
    super();
    const random = new Random(0);
    this.conv = new Conv2D({ inChannels: 3, filters: 6, kernelSize: 3, stride: 2, random });
    this.head = new Dense({ inFeatures: 6, units: 3, random });
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    return tf.tidy(() => {
      const y = tf.relu(this.norm.forward(this.conv.forward(x), context));
      return this.head.forward(tf.mean(y, [1, 2]));
    });
  }
}

const model = tinyModel();
const { preprocessing } = model;
model.dispose();

beforeAll(() => tf.setBackend('simd'));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

const measures = { loss: softmaxCrossEntropy, metrics: { accuracy } };

test('a plain network learns and is evaluated on a data set of images with classes', async () => {
  const net = new PlainNet();
  const data = imageBatches(tinyData(60), { preprocessing, batchSize: 12 });
  const validation = imageBatches(tinyData(31, 1), { preprocessing, batchSize: 12, shuffle: false });
  const options = { ...measures, epochs: 4, schedule: constantSchedule(0.2), validation };
  const results = [];
  for await (const event of train(net, data, options)) {
    if (event.type === 'evaluation') results.push(event.evaluation);
  }
  expect(results.map(({ examples }) => examples)).toEqual([31, 31, 31, 31]);
  expect(results.at(-1)!.metrics.accuracy).toBeGreaterThan(0.8);
  expect(results.at(-1)).toEqual(await evaluate(net, validation, measures));
  net.dispose();
});

test('batches are in the order of the seed, and the last one is whole; without shuffling, all images in their order', async () => {
  const classes = async (options: Partial<ImageBatchesOptions>, epoch = 0, first = 0) => {
    const list: number[][] = [];
    const source = imageBatches(tinyData(31), { preprocessing, batchSize: 12, ...options });
    for await (const { x, y, examples } of tensorBatches(source, epoch, first)) {
      expect(x.shape).toEqual([examples, SIZE, SIZE, 3]);
      list.push([...y.dataSync()]);
    }
    return list;
  };
  const shuffled = await classes({});
  expect(shuffled.map(({ length }) => length)).toEqual([12, 12]);
  expect(await classes({})).toEqual(shuffled);
  expect(await classes({}, 0, 1)).toEqual(shuffled.slice(1));
  expect(await classes({ seed: 1 })).not.toEqual(shuffled);
  expect(await classes({}, 1)).not.toEqual(shuffled);
  const whole = await classes({ shuffle: false });
  expect(whole.flat()).toEqual([...tinyData(31).labels]);
  expect(whole.map(({ length }) => length)).toEqual([12, 12, 7]);
});

test('what does not fit is refused', () => {
  const net = new PlainNet();
  const data = tinyData(6) as never;
  const options = { ...measures, epochs: 1, schedule: constantSchedule(0.2) };
  expect(() => train(net, data, options)).toThrow('(imageBatches makes one of a data set of images.)');
  const batches = (options: object) => () => imageBatches(tinyData(6), { preprocessing, ...options });
  expect(batches({ batchSize: 0 })).toThrow('batchSize is 0');
  expect(batches({ size: 8 })).toThrow('imageBatches has no option size');
  expect(batches({ preprocessing: { size: 8 } })).toThrow('preprocessing.resize is undefined');
  expect(() => imageBatches([] as never, { preprocessing })).toThrow(
    'imageBatches: the data are an empty array',
  );
  net.dispose();
});

test('types follow from the network, the data and the metrics', () => {
  const check = (net: PlainNet, data: ReturnType<typeof imageBatches>) => {
    const options = { epochs: 1, schedule: constantSchedule(0.2), loss: softmaxCrossEntropy };
    // @ts-expect-error: the loss gets logits, and no record.
    train(net, data, { ...options, loss: (output: { boxes: tf.Tensor }) => tf.mean(output.boxes) });
    // @ts-expect-error: a network of images gets no pair of them.
    train(net, [{ x: [tf.zeros([1]), tf.zeros([1])], y: tf.zeros([1]) }], options);
    return async () => {
      const { metrics } = await evaluate(net, data, { metrics: { hits: accuracy } });
      // @ts-expect-error: there is no such metric.
      return metrics.misses;
    };
  };
  expect(check).toBeDefined();
});
