import * as tf from '@tensorflow/tfjs-core';
import { buildResNet, classify, decodePredictions, evaluate, arrayDataset, warmUp } from '../../src/index.js';
import { takeValues } from '../../src/core/take-values.js';

const picture = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3) };

/** Runs work while the backend reads nothing, as one whose graphics card was lost. */
async function unreadable(work: () => Promise<unknown>): Promise<unknown> {
  const spy = jest.spyOn(tf.backend(), 'read').mockRejectedValue(new Error('the device is lost'));
  try {
    return await work().catch((error: Error) => error.message);
  } finally {
    spy.mockRestore();
  }
}

test('gives the values and frees the tensor', async () => {
  const { numTensors } = tf.memory();
  expect(Array.from(await takeValues(tf.tensor1d([1, 2])))).toEqual([1, 2]);
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('what cannot be read is freed all the same', async () => {
  const model = buildResNet(20, { width: 0.25 });
  const data = arrayDataset(
    [picture, picture],
    [0, 1],
    Array.from({ length: 10 }, (_, i) => String(i)),
  );
  const logits = tf.zeros<tf.Rank.R2>([1, 10]);
  const { numTensors } = tf.memory();
  for (const work of [
    () => classify(model, picture),
    () => evaluate(model, data),
    () => decodePredictions(logits),
    () => warmUp(model),
  ]) {
    expect(await unreadable(work)).toBe('the device is lost');
    expect(tf.memory().numTensors).toBe(numTensors);
  }
  tf.dispose(logits);
  model.dispose();
});
