import * as tf from '@tensorflow/tfjs-core';
import { evaluation, type Context } from '../../src/core/context.js';
import { ArgumentError } from '../../src/core/errors.js';
import { Module } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { parameter, statistic } from '../../src/core/variables.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { Dense } from '../../src/layers/dense.js';
import { GlobalAvgPool } from '../../src/layers/pooling.js';
import { train } from '../../src/training/train.js';
import { valueAndGradients } from '../../src/training/value-and-gradients.js';

const batchNorm = { epsilon: 1e-5, momentum: 0.9, runningVariance: 'unbiased' } as const;
const random = new Random(1);

/** Smooth, so that differences of it are near its gradient; one convolution is used twice. */
class Net extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly stem = new Conv2D({ inChannels: 2, filters: 3, kernelSize: 3, padding: 'same', random });
  readonly body = { norm: new BatchNorm({ channels: 3, ...batchNorm }) };
  readonly twice = new Conv2D({ inChannels: 3, filters: 3, kernelSize: 1, bias: true, random });
  readonly pool = new GlobalAvgPool();
  readonly head = new Dense({ inFeatures: 3, units: 2, random });

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    return tf.tidy(() => {
      let y: tf.Tensor4D = tf.tanh(this.body.norm.forward(this.stem.forward(x), context));
      for (let i = 0; i < 2; i++) y = tf.tanh(this.twice.forward(y));
      return this.head.forward(this.pool.forward(y));
    });
  }
}

/** One number, and what may surround it. */
class Scale extends Module<tf.Tensor, tf.Tensor> {
  readonly scale = parameter<tf.Rank.R0>(Float32Array.of(3), []);
  readonly unused = parameter<tf.Rank.R1>(Float32Array.of(1, 2), [2]);
  readonly count = statistic<tf.Rank.R1>(Float32Array.of(1), [1]);
  override forward(x: tf.Tensor): tf.Tensor {
    return tf.mul(x, this.scale);
  }
}

let latest: { dispose(): void } | undefined;
function made<M extends { dispose(): void }>(made: M): M {
  latest = made;
  return made;
}
afterEach(() => {
  latest?.dispose();
  latest = undefined;
  expect(tf.memory().numTensors).toBe(0);
});

test('gives the value, and the gradient of each parameter by its path', () => {
  const net = made(new Scale());
  const held = tf.memory().numTensors;
  // sum((s x)²), of x = 1, 2: 5 s², and its gradient is 10 s.
  const result = valueAndGradients(net, () => tf.sum(tf.square(net.forward(tf.tensor1d([1, 2])))));
  expect(tf.memory().numTensors).toBe(held + 3);
  expect(result.value.dataSync()[0]).toBe(45);
  expect(Object.keys(result.gradients)).toEqual(['scale', 'unused']);
  expect(result.gradients['scale']!.dataSync()[0]).toBe(30);
  // The value does not depend on it.
  expect([...result.gradients['unused']!.dataSync()]).toEqual([0, 0]);
  tf.dispose({ ...result });
});

test.each(['simd', 'cpu'])('agrees with finite differences on %s', async (backend) => {
  await tf.setBackend(backend);
  const net = made(new Net());
  const context = { training: true, random, keepStatistics: true } as const;
  const x = tf.tensor4d(new Random(2).normalArray(3 * 4 * 4 * 2, 1), [3, 4, 4, 2]);
  const target = tf.tensor2d(new Random(3).normalArray(6, 1), [3, 2]);
  const loss = () => tf.losses.meanSquaredError(target, net.forward(x, context));
  const at = () => tf.tidy(() => loss().dataSync()[0]!);
  const { value, gradients } = valueAndGradients(net, loss);
  expect(value.dataSync()[0]).toBeCloseTo(at(), 6);
  const step = 0.02;
  for (const { name, variable } of net.namedVariables()) {
    if (!variable.trainable) continue;
    const values = variable.dataSync().slice();
    const gradient = gradients[name]!.dataSync();
    for (const i of new Set([0, values.length >> 1, values.length - 1])) {
      const [above, below] = [step, -step].map((change) => {
        const moved = Float32Array.from(values);
        moved[i]! += change;
        tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
        return at();
      });
      expect(Math.abs((above! - below!) / (2 * step) - gradient[i]!)).toBeLessThan(
        1e-3 + 0.02 * Math.abs(gradient[i]!),
      );
    }
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  expect(
    Math.max(...Object.values(gradients).map((g) => Math.max(...g.dataSync().map(Math.abs)))),
  ).toBeGreaterThan(0.1);
  tf.dispose([x, target, value, ...Object.values(gradients)]);
  await tf.setBackend('simd');
});

test('leaves out what is frozen', () => {
  const net = made(new Net());
  net.freeze('stem', 'body');
  const result = valueAndGradients(net, () =>
    tf.mean(net.forward(tf.ones([2, 4, 4, 2]), { training: true, random })),
  );
  expect(Object.keys(result.gradients)).toEqual(['twice.weight', 'twice.bias', 'head.weight', 'head.bias']);
  tf.dispose({ ...result });
  net.freeze();
  expect(() => valueAndGradients(net, () => tf.scalar(0))).toThrow(
    'Net has no parameter to be trained; unfreeze a part of it.',
  );
});

test('a value that is a parameter itself stays usable when the result is freed', () => {
  const net = made(new Scale());
  const result = valueAndGradients(net, () => net.scale);
  expect(result.gradients['scale']!.dataSync()[0]).toBe(1);
  tf.dispose({ ...result });
  expect(net.scale.dataSync()[0]).toBe(3);
});

test.each([
  ['a vector', () => tf.ones([2]), 'the value has the shape [2] and the type float32; give a scalar'],
  [
    'whole numbers',
    () => tf.scalar(1, 'int32'),
    'the value has the shape [] and the type int32; give a scalar',
  ],
  ['a number', () => 1 as never, 'the value is 1; give a scalar'],
  ['a promise', () => Promise.resolve(1) as never, 'the value is a promise (await it); give a scalar'],
])('refuses %s, and leaves nothing', (_, compute, message) => {
  const net = made(new Net());
  const held = tf.memory().numTensors;
  const run = () =>
    valueAndGradients(net, () => {
      net.forward(tf.ones([1, 4, 4, 2]), evaluation);
      return compute();
    });
  expect(run).toThrow(ArgumentError);
  expect(run).toThrow(message);
  expect(tf.memory().numTensors).toBe(held);
});

describe('a module that the tree does not have', () => {
  class Hidden extends Module {
    readonly seen = new Conv2D({ inChannels: 1, filters: 1, kernelSize: 1, random });
    readonly #hidden = new Conv2D({ inChannels: 1, filters: 3, kernelSize: 1, random });
    override forward(x: tf.Tensor4D): tf.Tensor4D {
      return tf.tidy(() => this.#hidden.forward(this.seen.forward(x)));
    }
    override dispose(): void {
      super.dispose();
      this.#hidden.dispose();
    }
  }

  test('is found where the forward uses it, and nothing is left behind', () => {
    const net = made(new Hidden());
    const held = tf.memory().numTensors;
    const run = () => valueAndGradients(net, () => tf.mean(net.forward(tf.ones([1, 2, 2, 1]))));
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(
      'Hidden uses a variable of shape [1,1,1,3] that is not in its tree, so it would be neither trained nor saved. ' +
        'Keep the module that has it in a public field',
    );
    expect(tf.memory().numTensors).toBe(held);
    expect(Object.keys(net)).not.toContain('forward');
  });

  test('is found by a trace, and by training', async () => {
    const net = made(new Hidden());
    const held = tf.memory().numTensors;
    expect(() => net.summary([1, 2, 2, 1])).toThrow('Hidden uses a variable of shape [1,1,1,3]');
    const x = tf.ones<tf.Rank.R4>([2, 2, 2, 1]);
    const steps = train(net, [{ x, y: x }], { loss: (y) => tf.mean(y), schedule: () => 0.1, epochs: 1 });
    await expect(steps.next()).rejects.toThrow('Hidden uses a variable of shape [1,1,1,3]');
    x.dispose();
    expect(tf.memory().numTensors).toBe(held);
  });

  test('may be used outside the forward, as a teacher or a judge is', () => {
    const net = made(new Scale());
    const judge = new Conv2D({ inChannels: 1, filters: 1, kernelSize: 1, random });
    const result = valueAndGradients(net, () =>
      tf.mean(judge.forward(net.forward(tf.ones([1, 2, 2, 1])) as tf.Tensor4D)),
    );
    expect(result.gradients['scale']!.dataSync()[0]).toBe(judge.weight.dataSync()[0]);
    tf.dispose({ ...result });
    judge.dispose();
  });
});
