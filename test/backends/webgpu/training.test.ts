import * as tf from '@tensorflow/tfjs-core';
import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import { Random } from '../../../src/core/random.js';
import { buildResNet } from '../../../src/models/resnet.js';
import { softmaxCrossEntropy } from '../../../src/training/losses.js';
import { clipByGlobalNorm } from '../../../src/training/optim/gradients.js';
import { SGD } from '../../../src/training/optim/sgd.js';
import { valueAndGradients } from '../../../src/training/value-and-gradients.js';
import { randomTensor } from '../../helpers/tensors.js';
import { countedOnWebgpu, describeOnWebgpu } from '../../helpers/webgpu.js';

/** Trains a small ResNet-20 on a backend: the losses, some weights after, and what the last step took. */
async function train(backend: string, steps: number, clips = false) {
  await tf.setBackend(backend);
  const before = tf.memory();
  const model = buildResNet(20, { seed: 1, width: 0.25 });
  const named = [...model.namedVariables()].filter(({ variable }) => variable.trainable);
  const optimizer = new SGD(named, { momentum: 0.9 });
  const images = randomTensor<tf.Rank.R4>([3, 16, 16, 3], 1);
  const targets = tf.tensor1d([1, 3, 5], 'int32');
  const losses: number[] = [];
  const step = async () => {
    const context = { training: true, random: new Random(losses.length) } as const;
    const result = valueAndGradients(model, () =>
      softmaxCrossEntropy(model.forward(images, context), targets),
    );
    tf.tidy(() => {
      const gradients = named.map(({ name }) => result.gradients[name]!);
      optimizer.step(clips ? clipByGlobalNorm(gradients, 1).gradients : gradients, 0.05);
    });
    losses.push((await result.value.data())[0]!);
    tf.dispose([result.value, result.gradients]);
  };
  for (let i = 1; i < steps; i++) await step();
  const counts = backend === WEBGPU ? await countedOnWebgpu(step) : void (await step());
  const weights = await Promise.all(
    model.variables().map(async (variable) => Array.from(await variable.data())),
  );
  tf.dispose([images, targets]);
  optimizer.dispose();
  model.dispose();
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  return { losses, weights: weights.flat(), counts };
}

describeOnWebgpu('training on webgpu', () => {
  test('a step takes one submit, few dispatches, and makes nothing anew; losses are as on simd, and the same again', async () => {
    const { losses, weights, counts } = await train(WEBGPU, 4);
    expect(counts).toMatchObject({
      submits: 1,
      reads: 1,
      buffersMade: 0,
      bindGroupsMade: 0,
      pipelinesMade: 0,
    });
    expect(counts!.dispatches).toBeLessThanOrEqual(170);
    // The classes, and the optimizer's table of 59 variables.
    expect(counts!.bytesUploaded).toBeLessThan(4096);
    const again = await train(WEBGPU, 4);
    expect(again.losses).toEqual(losses);
    expect(again.weights).toEqual(weights);
    const simd = await train('simd', 4);
    losses.forEach((loss, i) => expect(Math.abs(loss / simd.losses[i]! - 1)).toBeLessThan(1e-4));
  });

  test('with clipped gradients it takes few more', async () => {
    const { losses, counts } = await train(WEBGPU, 3, true);
    expect(counts).toMatchObject({ submits: 1, buffersMade: 0, bindGroupsMade: 0 });
    expect(counts!.dispatches).toBeLessThanOrEqual(170);
    const simd = await train('simd', 3, true);
    losses.forEach((loss, i) => expect(Math.abs(loss / simd.losses[i]! - 1)).toBeLessThan(1e-4));
  });
});
