import '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { decodePredictions } from '../../src/vision/decode-predictions.js';

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test('logits given as probabilities are refused, rounding is not', async () => {
  const logits = tf.tensor2d([[5, -1]]);
  await expect(decodePredictions(logits, 1, { probabilities: true })).rejects.toThrow(
    'A prediction is 5, which is no probability; of logits, as predict gives them, leave { probabilities } out.',
  );
  const rounded = tf.tensor2d([[1.0005, -0.0005]]);
  const [[first] = []] = await decodePredictions(rounded, 1, { probabilities: true });
  expect(first).toMatchObject({ index: 0 });
  tf.dispose([logits, rounded]);
});

test("probabilities: 'yes' is refused", async () => {
  const logits = tf.tensor2d([[5, -1]]);
  await expect(decodePredictions(logits, 1, { probabilities: 'yes' as never })).rejects.toThrow(
    "probabilities is the string 'yes'; give true or false.",
  );
  logits.dispose();
});

test('a promise, nothing, or a tensor of another rank is refused in words', async () => {
  const vector = tf.tensor1d([1, 2]);
  for (const [given, text] of [
    [Promise.resolve(vector), 'The predictions are a promise (await it); give a tensor [N, classes]'],
    [undefined, 'The predictions are undefined; give'],
    [vector, 'The predictions are of shape [2]; give'],
  ] as const) {
    await expect(decodePredictions(given as never)).rejects.toThrow(text);
  }
  vector.dispose();
});
