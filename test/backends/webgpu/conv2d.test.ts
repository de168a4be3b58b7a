import * as tf from '@tensorflow/tfjs-core';
import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import type { Tile } from '../../../src/backends/webgpu/wgsl/product.js';
import { describeOnWebgpu, webgpuBackend } from '../../helpers/webgpu.js';
import { expectAsCpu, sums, uniform, type Operation } from '../compare.js';

type Shape4D = [number, number, number, number];
type Pad = number | 'same' | 'valid' | tf.backend_util.ExplicitPadding;

/** Through the memory of workgroups, as on graphics cards; and each sum split among four threads. */
const staged: Tile = { rows: 16, columns: 8, threadRows: 4, threadColumns: 4, depth: 8, splits: 1 };
const split: Tile = { rows: 16, columns: 16, threadRows: 4, threadColumns: 8, depth: 4, splits: 4 };

const conv =
  (strides: number | [number, number], pad: Pad, dilations = 1): Operation =>
  (x, filter) =>
    tf.conv2d(x, filter, strides, pad, 'NHWC', dilations);

describeOnWebgpu('convolutions on webgpu', () => {
  const asymmetric: Pad = [
    [0, 0],
    [1, 2],
    [0, 3],
    [0, 0],
  ];
  const cases: [string, Shape4D, Shape4D, Operation][] = [
    ['1x1', [2, 5, 7, 8], [1, 1, 8, 12], conv(1, 'valid')],
    ['1x1 of few channels', [1, 5, 5, 3], [1, 1, 3, 6], conv(1, 'valid')],
    ['1x1 with a stride', [2, 7, 6, 8], [1, 1, 8, 4], conv(2, 'valid')],
    ['1x1 with padding', [1, 5, 5, 4], [1, 1, 4, 4], conv(1, 1)],
    ['3x3', [2, 9, 8, 16], [3, 3, 16, 20], conv(1, 'same')],
    ['3x3 with strides', [1, 9, 10, 4], [3, 3, 4, 8], conv([2, 1], asymmetric)],
    ['3x3 dilated', [1, 9, 9, 8], [3, 3, 8, 4], conv(1, 2, 2)],
    ['7x7 of an image', [2, 16, 15, 3], [7, 7, 3, 8], conv(2, 3)],
    ['odd channels', [1, 6, 6, 5], [3, 2, 5, 7], conv(1, 'same')],
  ];
  for (const [tileName, tile] of [
    ['read where they lie', undefined],
    ['staged', staged],
    ['split', split],
  ] as const) {
    test.each(tile ? cases.filter((_, i) => i % 2 === 0) : cases)(
      `%s, ${tileName}`,
      async (_, xShape, filterShape, operation) => {
        await tf.setBackend(WEBGPU);
        webgpuBackend().tile = tile;
        const inputs = [uniform(xShape, 1), uniform(filterShape, 2)];
        await expectAsCpu(inputs, operation, sums(), WEBGPU);
        if (_.includes('dilated')) return; // Of which tfjs has no gradients.
        const outShape = tf.tidy(
          () => (operation(tf.zeros(xShape), tf.zeros(filterShape)) as tf.Tensor).shape,
        );
        const gradients: Operation = (x, filter, dy) => tf.grads(operation as never)([x, filter], dy);
        await expectAsCpu([...inputs, uniform(outShape, 3)], gradients, sums(), WEBGPU);
      },
    );
  }
});
