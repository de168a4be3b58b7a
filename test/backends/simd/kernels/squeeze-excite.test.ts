import * as tf from '@tensorflow/tfjs-core';
import '../../../../src/backends/gradients.js';
import '../../../../src/backends/simd/index.js';
import { Random } from '../../../../src/core/random.js';
import { SqueezeExcite } from '../../../../src/layers/index.js';
import { randomTensor } from '../../../helpers/tensors.js';

/** The values of a layer of a seed and the gradients of its input and weights, on a backend. */
async function results(backend: string, shape: [number, number, number, number], squeezeChannels: number) {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const random = new Random(1);
  const layer = new SqueezeExcite({ channels: shape[3], squeezeChannels, activation: 'swish', random });
  const x = randomTensor<tf.Rank.R4>(shape, 1);
  const dy = randomTensor<tf.Rank.R4>(shape, 2);
  const forward = (x: tf.Tensor) => layer.forward(x as tf.Tensor4D);
  const { value, grads } = tf.valueAndGrads(forward)([x, ...layer.variables()], dy);
  const values = [value, ...grads].map((tensor) => tensor.dataSync<'float32'>());
  tf.dispose([x, dy, value, grads]);
  layer.dispose();
  expect(tf.memory().numTensors).toBe(before);
  return values;
}

test.each([
  ['one pixel and channel', [1, 1, 1, 1], 1],
  ['odd sizes', [3, 5, 7, 13], 3],
  ['many pixels, in slices', [2, 70, 65, 21], 6],
  ['many channels', [5, 3, 3, 1030], 48],
] as const)('%s: values and gradients are those of the composition on cpu', async (_, shape, squeezed) => {
  const expected = await results('cpu', [...shape], squeezed);
  const actual = await results('simd', [...shape], squeezed);
  const distances = expected.map((values, i) => {
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    return values.reduce((worst, v, j) => Math.max(worst, Math.abs(v - actual[i]![j]!)), 0) / largest;
  });
  expect(distances).toHaveLength(6);
  for (const distance of distances) expect(distance).toBeLessThan(5e-6);
});
