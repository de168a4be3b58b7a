import * as tf from '@tensorflow/tfjs-core';
import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import { processorOf } from '../../../src/backends/webgpu/wgsl/tiles.js';
import type { AnyModule } from '../../../src/core/module.js';
import { Random } from '../../../src/core/random.js';
import { BatchNorm, Conv2D, SqueezeExcite } from '../../../src/layers/index.js';
import { randomTensor } from '../../helpers/tensors.js';
import { describeOnWebgpu, webgpuBackend } from '../../helpers/webgpu.js';

type Shape4D = [number, number, number, number];
type Forward = (layer: AnyModule, x: tf.Tensor4D, other: tf.Tensor4D) => tf.Tensor4D;

const training = () => ({ training: true, random: new Random(0) }) as const;

/** The layer's output, the gradients of its inputs and parameters, and its statistics after, on a backend. */
async function results(backend: string, build: () => AnyModule, shape: Shape4D, forward: Forward) {
  await tf.setBackend(backend);
  const before = tf.memory();
  const layer = build();
  const parameters = layer.variables().filter(({ trainable }) => trainable);
  // Far from what they start as, so that each has a gradient.
  parameters.forEach((variable, i) =>
    tf.tidy(() => variable.assign(tf.add(variable, randomTensor(variable.shape, i)))),
  );
  const inputs = [randomTensor<tf.Rank.R4>(shape, 11), randomTensor<tf.Rank.R4>(shape, 12)];
  const run = (x: tf.Tensor, other: tf.Tensor) => {
    const y = forward(layer, x as tf.Tensor4D, other as tf.Tensor4D);
    // A gradient that differs from value to value.
    return tf.mul(y, randomTensor(y.shape, 13));
  };
  const { value, grads } = tf.valueAndGrads(run)([...inputs, ...parameters] as [tf.Tensor, tf.Tensor]);
  const statistics = layer.variables().filter(({ trainable }) => !trainable);
  const tensors = [value, ...grads, ...statistics];
  const values = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
  tf.dispose([inputs, value, grads]);
  layer.dispose();
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  return values;
}

function largestDistances(actual: readonly Float32Array[], expected: readonly Float32Array[]): number[] {
  return expected.map((values, i) => {
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    return values.reduce((worst, v, j) => Math.max(worst, Math.abs(v - actual[i]![j]!)), 0) / largest;
  });
}

describeOnWebgpu('layers that train on webgpu', () => {
  const norm = (channels: number) => () => new BatchNorm({ channels });
  const normed =
    (activation: 'linear' | 'relu' | 'relu6' | 'swish', adds = false): Forward =>
    (layer, x, other) =>
      (layer as BatchNorm).forwardFused(
        tf.add(x, tf.mul(other, adds ? 0 : 1)),
        training(),
        activation,
        adds ? other : undefined,
      );
  const random = () => new Random(1);
  const excite = (channels: number, squeezeChannels: number, activation: 'swish' | 'relu') => () =>
    new SqueezeExcite({ channels, squeezeChannels, activation, random: random() });
  const forward: Forward = (layer, x, other) => layer.forward(tf.add(x, other), training()) as tf.Tensor4D;
  const grouped = (stride: number) => () =>
    new Conv2D({
      inChannels: 16,
      filters: 24,
      kernelSize: 3,
      stride,
      groups: 2,
      padding: 'symmetric',
      random: random(),
    });

  const cases: [string, () => AnyModule, Shape4D, Forward][] = [
    ['batch norm', norm(8), [3, 5, 7, 8], normed('linear')],
    ['batch norm and relu', norm(7), [2, 6, 5, 7], normed('relu')],
    ['batch norm and relu6', norm(68), [2, 9, 9, 68], normed('relu6')],
    ['batch norm and swish', norm(12), [2, 5, 5, 12], normed('swish')],
    ['batch norm, shortcut and relu', norm(16), [2, 11, 13, 16], normed('relu', true)],
    ['batch norm and shortcut', norm(4), [2, 4, 4, 4], normed('linear', true)],
    ['squeeze-excitation', excite(12, 3, 'swish'), [3, 5, 7, 12], forward],
    ['squeeze-excitation of one pixel', excite(8, 2, 'swish'), [2, 1, 1, 8], forward],
    ['squeeze-excitation of odd channels', excite(13, 3, 'relu'), [2, 5, 3, 13], forward],
    ['squeeze-excitation of large images', excite(4, 1, 'swish'), [1, 40, 35, 4], forward],
    ['grouped convolution', grouped(1), [2, 7, 6, 16], forward],
    ['grouped convolution with a stride', grouped(2), [2, 7, 6, 16], forward],
  ];
  test.each(cases)('%s', async (_, build, shape, run) => {
    const expected = await results('cpu', build, shape, run);
    const actual = await results(WEBGPU, build, shape, run);
    for (const distance of largestDistances(actual, expected)) expect(distance).toBeLessThan(2e-5);
  });

  test.each(cases.filter((_, i) => i % 3 === 1))(
    '%s, divided as for a graphics card',
    async (_, build, shape, run) => {
      const expected = await results('cpu', build, shape, run);
      await tf.setBackend(WEBGPU);
      const backend = webgpuBackend();
      const before = backend.processor;
      backend.processor = processorOf({ isFallbackAdapter: false } as GPUAdapterInfo, 256);
      const actual = await results(WEBGPU, build, shape, run);
      backend.processor = before;
      for (const distance of largestDistances(actual, expected)) expect(distance).toBeLessThan(2e-5);
    },
  );
});
