import * as tf from '@tensorflow/tfjs-core';
import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import { buildEfficientNet } from '../../../src/models/efficientnet.js';
import { buildResNet } from '../../../src/models/resnet.js';
import { relativeDistance } from '../../helpers/golden.js';
import { randomTensor } from '../../helpers/tensors.js';
import { countedOnWebgpu, describeOnWebgpu } from '../../helpers/webgpu.js';

// Narrow networks have as many operations as the others.
const options = { width: 0.125, seed: 1, classes: 12 };

describeOnWebgpu('what a pass of a fused network takes', () => {
  test.each([
    ['ResNet-50', () => buildResNet(50, options), 60],
    [
      'EfficientNet-B0',
      () => buildEfficientNet({ width: 0.125, depth: 1, size: 64, dropout: 0.2 }, { seed: 1 }),
      120,
    ],
  ] as const)('%s: one submit, few dispatches, and nothing made anew', async (_, build, most) => {
    await tf.setBackend('simd');
    const model = build().fuse();
    const images = randomTensor<tf.Rank.R4>([2, 40, 40, 3], 1);
    const expected = model.predict(images);
    const values = await expected.data();
    await tf.setBackend(WEBGPU);
    const pass = async () => {
      const y = model.predict(images);
      const logits = await y.data();
      y.dispose();
      return logits;
    };
    const first = await pass();
    expect(relativeDistance(first, values)).toBeLessThan(1e-4);
    await pass();
    let last: ArrayLike<number> = [];
    const counts = await countedOnWebgpu(async () => (last = await pass()));
    expect(last).toEqual(first);
    expect(counts).toMatchObject({
      submits: 1,
      reads: 1,
      bytesUploaded: 0,
      buffersMade: 0,
      bindGroupsMade: 0,
      pipelinesMade: 0,
    });
    expect(counts.dispatches).toBeLessThanOrEqual(most);
    tf.dispose([images, expected]);
    model.dispose();
  });
});
