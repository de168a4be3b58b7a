import * as tf from '@tensorflow/tfjs-core';
import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import { describeOnWebgpu } from '../../helpers/webgpu.js';
import { exact, expectAsCpu, sums, uniform, type Operation } from '../compare.js';

type Shape4D = [number, number, number, number];

const pad = (top: number, bottom: number, left: number, right: number): tf.backend_util.ExplicitPadding => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

describeOnWebgpu('windows over each channel, on webgpu', () => {
  test.each([
    ['3x3', [2, 7, 9, 8], 3, 1, 'same'],
    ['5x5 with a stride', [1, 10, 9, 4], 5, 2, 'same'],
    ['3x3 of odd channels', [2, 6, 5, 3], 3, 2, 1],
  ] as const)('depthwise %s, forward and backward', async (_, shape, size, stride, padding) => {
    const operation: Operation = (x, filter) => tf.depthwiseConv2d(x, filter, stride, padding);
    const inputs = [uniform([...shape], 1), uniform([size, size, shape[3], 1], 2)];
    await expectAsCpu(inputs, operation, sums(), WEBGPU);
    const outShape = tf.tidy(
      () => (operation(tf.zeros([...shape]), tf.zeros([size, size, shape[3], 1])) as tf.Tensor).shape,
    );
    const gradients: Operation = (x, filter, dy) => tf.grads(operation as never)([x, filter], dy);
    await expectAsCpu([...inputs, uniform(outShape, 3)], gradients, sums(), WEBGPU);
  });

  test('depthwise with a bias, padding and an activation', async () => {
    const operation: Operation = (x, filter, bias) =>
      tf.fused.depthwiseConv2d({
        x,
        filter,
        strides: [1, 1],
        pad: pad(1, 2, 0, 1) as never,
        bias,
        activation: 'relu6',
      });
    const inputs = [uniform([1, 8, 6, 8], 1), uniform([3, 3, 8, 1], 2), uniform([8], 3)];
    await expectAsCpu(inputs, operation, sums(), WEBGPU);
  });

  const pools: [string, Shape4D, Operation][] = [
    ['max of 3x3', [2, 9, 8, 8], (x) => tf.maxPool(x, 3, 2, 1)],
    ['max of 2x2', [1, 6, 7, 3], (x) => tf.maxPool(x, 2, 2, 'valid')],
  ];
  test.each(pools)('%s', (_, shape, operation) => expectAsCpu([uniform(shape, 1)], operation, exact, WEBGPU));

  test('means of windows, and of images', async () => {
    const x = [uniform([2, 9, 8, 8], 1)];
    await expectAsCpu(x, (x) => tf.avgPool(x, 3, 2, 'same'), sums(), WEBGPU);
    await expectAsCpu(x, (x) => tf.mean(x, [1, 2]), sums(), WEBGPU);
    await expectAsCpu([uniform([3, 1, 1, 8], 1)], (x) => tf.mean(x, [1, 2]), sums(), WEBGPU);
    await expectAsCpu([uniform([3, 5, 7, 5], 2)], (x) => tf.mean(x, [1, 2], true), sums(), WEBGPU);
  });
});
