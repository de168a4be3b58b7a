import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';
import { buildResNet } from '../../src/models/resnet.js';
import { softmaxCrossEntropy } from '../../src/training/losses.js';
import { randomTensor } from '../helpers/tensors.js';

/**
 * At initialisation: the norm of the loss's gradient by the kernel of the first block's first convolution, and by that of
 * the last block's last one.
 */
function gradientNorms(shortcut: 'pad' | 'none', seed: number): { first: number; last: number } {
  const model = buildResNet(56, { shortcut, width: 0.25, seed });
  const blocks = model.stages.flat();
  const kernels = [blocks[0]!.conv1.conv.weight, blocks.at(-1)!.conv2.conv.weight];
  const [first, last] = tf.tidy(() => {
    const images = randomTensor<tf.Rank.R4>([16, 8, 8, 3], seed);
    const labels = tf.tensor1d(
      Array.from({ length: 16 }, (_, i) => i % 10),
      'int32',
    );
    const context = { training: true, random: new Random(seed) } as const;
    const loss = () => softmaxCrossEntropy(model.forward(images, context), labels);
    const { grads } = tf.variableGrads(loss, kernels as tf.Variable[]);
    return kernels.map(({ name }) => tf.norm(grads[name]!).dataSync()[0]!);
  }) as [number, number];
  model.dispose();
  return { first, last };
}

// Without shortcuts, batch norm makes gradients grow exponentially from the last layer to the first (Yang et al. 2019,
// arXiv 1902.08129); with them, hardly. docs/residuals.md has what was measured.
test.each([1, 2, 3])('only with shortcuts are the gradients of 56 layers of one size (seed %i)', (seed) => {
  const [plain, residual] = [gradientNorms('none', seed), gradientNorms('pad', seed)];
  expect(plain.first / plain.last).toBeGreaterThan(100);
  expect(residual.first / residual.last).toBeLessThan(30);
  expect(residual.first / residual.last).toBeGreaterThan(1 / 30);
  expect(tf.memory().numTensors).toBe(0);
});
