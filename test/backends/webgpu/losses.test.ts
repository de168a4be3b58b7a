import * as tf from '@tensorflow/tfjs-core';
import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import { softmaxCrossEntropy } from '../../../src/training/losses.js';
import { countedOnWebgpu, describeOnWebgpu } from '../../helpers/webgpu.js';
import { expectAsCpu, floats, uniform, type Input, type Operation } from '../compare.js';

const near = { roundings: 64, magnitude: async () => [[8], Array<number>(2000).fill(1)] };

function classes(count: number, rows: number): Input {
  return {
    shape: [rows],
    values: Int32Array.from({ length: rows }, (_, i) => (i * 7) % count),
    dtype: 'int32',
  };
}

/** The loss and its gradient. */
function lossOf(labelSmoothing = 0): Operation {
  return (x: tf.Tensor, targets: tf.Tensor) => {
    const loss = (x: tf.Tensor) => softmaxCrossEntropy(tf.mul(x, 5), targets, { labelSmoothing });
    const { value, grad } = tf.valueAndGrad(loss)(x);
    return [value, grad];
  };
}

describeOnWebgpu('cross-entropy on webgpu', () => {
  test.each([
    ['of few classes', [5, 10], 0],
    ['of many classes', [3, 130], 0],
    ['smoothed', [4, 7], 0.1],
  ] as const)('%s', async (_, shape, smoothing) => {
    const x = uniform([...shape], 1);
    await expectAsCpu([x, classes(shape[1], shape[0])], lossOf(smoothing), near, WEBGPU);
    const soft = uniform([...shape], 2);
    await expectAsCpu([x, { ...soft, values: soft.values.map(Math.abs) }], lossOf(smoothing), near, WEBGPU);
  });

  test('of pixels, and with a class that cannot be', async () => {
    const targets = { ...classes(3, 4), shape: [1, 2, 2] };
    await expectAsCpu([uniform([1, 2, 2, 3], 1), targets], lossOf(), near, WEBGPU);
    const x = floats([1, -Infinity, 2, 0.5, 0, -Infinity], [2, 3]);
    const withoutThem = floats([0.5, 0, 0.5, 1, 0, 0], [2, 3]);
    await expectAsCpu([x, withoutThem], (x, t) => softmaxCrossEntropy(x, t), near, WEBGPU);
  });

  test('takes a program for the loss of each row with the gradient, and one for the mean', async () => {
    await tf.setBackend(WEBGPU);
    const x = tf.ones([4, 10]);
    const targets = tf.tensor1d([1, 2, 3, 4], 'int32');
    const counts = await countedOnWebgpu(async () => tf.tidy(() => void softmaxCrossEntropy(x, targets)));
    expect(counts.dispatches).toBe(2);
    tf.dispose([x, targets]);
  });
});
