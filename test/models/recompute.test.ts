import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.js';
import { forwardRecomputed } from '../../src/core/recompute.js';
import { freeingTape } from '../../src/core/tape.js';
import type { Conv2D } from '../../src/layers/conv2d.js';
import { MBConv } from '../../src/blocks/mb-conv.js';
import { efficientNetConvention } from '../../src/models/conventions.js';
import { EfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { efficientNetArchitecture } from '../../src/scaling/index.js';
import { randomTensor } from '../helpers/tensors.js';
import { SIZE, tinyModel } from '../training/tiny.js';

afterEach(async () => {
  expect(tf.memory().numTensors).toBe(0);
  await tf.setBackend('simd');
});

/** Two blocks, one with a skip connection and stochastic depth, then dropout. */
function tinyEfficientNet(): EfficientNet {
  const architecture = efficientNetArchitecture(0, { classes: 3 });
  const common = { kernelSize: 3, stride: 1, inChannels: 4, outChannels: 4 } as const;
  const stages = [{ ...architecture.stages[1]!, ...common, repeats: 2, expandRatio: 2 }];
  return new EfficientNet(
    { ...architecture, stages, stemFilters: 4, lastFilters: 8, dropout: 0.3 },
    { stochasticDepth: 0.6 },
  );
}

/** The loss, the gradients and the running statistics of a step, by name, and what the random stream gives next. */
function step(build: () => ImageClassifier, recompute: boolean): Record<string, number[]> {
  const model = build();
  const random = new Random(5);
  const result = tf.tidy(() => {
    const x = randomTensor<tf.Rank.R4>([6, SIZE, SIZE, 3], 1);
    const loss = () =>
      tf.mean(tf.square(model.forward(x, { training: true, random, recompute }))) as tf.Scalar;
    const parameters = model.variables().filter(({ trainable }) => trainable);
    const { value, grads } = tf.variableGrads(loss, parameters);
    expect(Object.keys(grads)).toHaveLength(parameters.length);
    const all = Array.from(model.namedVariables(), ({ name, variable }) => [
      name,
      Array.from((grads[variable.name] ?? variable).dataSync()),
    ]);
    return { loss: Array.from(value.dataSync()), random: random.state(), ...Object.fromEntries(all) };
  }) as Record<string, number[]>;
  model.dispose();
  return result;
}

describe.each(['simd', 'cpu'])('on %s', (name) => {
  test.each([
    ['a ResNet', () => tinyModel()],
    ['a plain network', () => tinyModel({ shortcut: 'none' })],
    ['an EfficientNet', tinyEfficientNet],
  ])('%s has the same gradients, statistics and draws with its blocks run again', async (_, build) => {
    await tf.setBackend(name);
    const plain = step(build, false);
    expect(Math.max(...Object.values(plain).flat().map(Math.abs))).toBeGreaterThan(0.01);
    expect(step(build, true)).toEqual(plain);
  });
});

test('of a frozen stage the variables stay, and the stage before it has its gradients', () => {
  const frozen = () => {
    const model = tinyModel();
    model.freeze('stages.1');
    return model;
  };
  const gradientsOf = (recompute: boolean) => {
    const model = frozen();
    const parameters = [...model.namedVariables()].filter(({ trainable }) => trainable);
    const result = tf.tidy(() => {
      const x = randomTensor<tf.Rank.R4>([6, SIZE, SIZE, 3], 1);
      const context = { training: true, random: new Random(5), recompute } as const;
      const loss = () => tf.mean(tf.square(model.forward(x, context))) as tf.Scalar;
      const { grads } = tf.variableGrads(
        loss,
        parameters.map(({ variable }) => variable),
      );
      return parameters.map(({ name, variable }) => [name, Array.from(grads[variable.name]!.dataSync())]);
    });
    model.dispose();
    return result;
  };
  expect(gradientsOf(true)).toEqual(gradientsOf(false));
});

test('keeps of a block its input and output alone until the way back', () => {
  const block = new MBConv({
    ...{ inChannels: 4, outChannels: 4, kernelSize: 3, expandRatio: 6 },
    convention: efficientNetConvention('torchvision', 1, 'standard'),
    random: new Random(0),
  });
  const x = randomTensor<tf.Rank.R4>([2, 6, 6, 4], 1);
  const bytesKept = (recompute: boolean) => {
    let bytes = 0;
    const context = { training: true, random: new Random(1) } as const;
    const dx = tf.grad((x: tf.Tensor) => {
      const before = tf.memory().numBytes;
      const y = recompute
        ? forwardRecomputed(block, x as tf.Tensor4D, context)
        : tf.tidy(() => block.forward(x as tf.Tensor4D, context));
      bytes = tf.memory().numBytes - before;
      return tf.sum(y);
    })(x);
    dx.dispose();
    return bytes;
  };
  const size = x.size * 4;
  // tfjs counts a clone, which is what is kept of x, as if it had bytes of its own.
  expect(bytesKept(true)).toBe(2 * size);
  expect(bytesKept(false)).toBeGreaterThan(20 * size);
  x.dispose();
  block.dispose();
});

test('an error on the way back leaves no tensor behind', () => {
  const model = tinyModel();
  const x = randomTensor<tf.Rank.R4>([6, SIZE, SIZE, 3], 1);
  const before = tf.memory().numTensors;
  const block = model.stages[1]![0]!.conv2.conv as Conv2D;
  const forward = block.forward.bind(block);
  let runs = 0;
  block.forward = (...args) => {
    const y = forward(...args);
    if (++runs === 2) throw new Error('no memory');
    return y;
  };
  const context = { training: true, random: new Random(5), recompute: true } as const;
  const gradients = () => tf.variableGrads(() => tf.mean(model.forward(x, context)) as tf.Scalar);
  expect(() => freeingTape(gradients)).toThrow('no memory');
  expect(tf.memory().numTensors).toBe(before);
  x.dispose();
  model.dispose();
});
