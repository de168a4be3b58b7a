import * as tf from '@tensorflow/tfjs-core';
import { fuse } from '../../src/blocks/index.js';
import { evaluation, type Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { describeModule } from '../../src/graph/index.js';
import {
  BatchNorm,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  GlobalAvgPool,
  ReLU,
  Sequential,
  Swish,
} from '../../src/layers/index.js';
import { SGD, valueAndGradients } from '../../src/training/index.js';
import { encode, exportOnnx, load } from '../../src/weights/index.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';
import { fillModule } from '../helpers/torch-model.js';

const input = [1, 8, 8, 4];

/** Layers in fields, as a user writes them. */
class Plain extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly conv = new Conv2D({
    inChannels: 4,
    filters: 8,
    kernelSize: 3,
    stride: 2,
    padding: 'same',
    bias: true,
  });
  readonly norm = new BatchNorm({ channels: 8, epsilon: 1e-3 });
  readonly relu = new ReLU();
  readonly body = new Sequential(
    new DepthwiseConv2D({ channels: 8, kernelSize: 3, padding: 'same' }),
    new BatchNorm({ channels: 8 }),
    new Swish(),
    new Conv2D({ inChannels: 8, filters: 8, kernelSize: 3, dilation: 2, groups: 2, padding: 'same' }),
    new BatchNorm({ channels: 8 }),
    new Dropout(0.5),
  );
  readonly pool = new GlobalAvgPool();
  readonly head = new Dense({ inFeatures: 8, units: 3 });

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    return tf.tidy(() => {
      const y = this.relu.forward(this.norm.forward(this.conv.forward(x), context));
      return this.head.forward(this.pool.forward(this.body.forward(y, context)));
    });
  }
}

const training = (): Context => ({ training: true, random: new Random(0) });
const images = () => randomTensor<tf.Rank.R4>([2, 8, 8, 4], 1);

function filled<M extends Module<tf.Tensor4D, tf.Tensor>>(net: M): M {
  fillModule(net, ({ name }) => name);
  return net;
}

/** The paths that are folded. Outputs stay the same, and all tensors are freed. */
async function foldedPaths(net: Module<tf.Tensor4D, tf.Tensor>): Promise<string[]> {
  filled(net);
  const x = images();
  const before = net.forward(x, evaluation);
  const folded: string[] = [];
  expect(await fuse(net, { input, onFolded: (path) => folded.push(path) })).toBe(net);
  const { numTensors } = tf.memory();
  const after = net.forward(x, evaluation);
  expect(tf.memory().numTensors).toBe(numTensors + 1);
  expectSame(after, before);
  tf.dispose([x, before, after]);
  net.dispose();
  return folded;
}

function expectSame(actual: tf.Tensor, expected: tf.Tensor): void {
  const scale = tf.tidy(() => tf.max(tf.abs(expected)).dataSync()[0]!);
  expect(scale).toBeGreaterThan(0);
  expect(largestDifference(actual, expected)).toBeLessThan(1e-5 * scale);
}

beforeEach(() => tf.setBackend('cpu'));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

describe.each(['cpu', 'simd'])('a network of plain layers on %s', (backend) => {
  let net: Plain;
  beforeEach(async () => {
    await tf.setBackend(backend);
    net = filled(new Plain());
  });
  afterEach(() => net.dispose());

  test('gives the same, without reading, and says what was folded', async () => {
    const x = images();
    const before = net.forward(x, evaluation);
    const read = jest.spyOn(tf.backend(), 'readSync');
    const folded: string[] = [];
    const onFolded = (path: string) => folded.push(path);
    await fuse(net, { onFolded });
    expect(folded).toEqual([]); // Without the shape of the input only units are found.
    await fuse(net, { input, onFolded });
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    expect(folded).toEqual(['conv', 'body.layers.0', 'body.layers.3']);
    const { numTensors } = tf.memory();
    await fuse(net, { input, onFolded }); // Once more finds nothing.
    expect([folded.length, tf.memory().numTensors]).toEqual([3, numTensors]);
    const after = net.forward(x, evaluation);
    expectSame(after, before);
    tf.dispose([x, before, after]);
  });

  test('runs no batch norm, and no activation by itself', async () => {
    const x = images();
    await fuse(net, { input });
    const run = jest.spyOn(tf.engine(), 'runKernel');
    net.forward(x, evaluation).dispose();
    const kernels = run.mock.calls.map(([name]) => name);
    run.mockRestore();
    expect(kernels.length).toBeGreaterThan(5);
    expect(kernels).not.toContain('FusedBatchNorm');
    expect(kernels).not.toContain('Relu');
    if (backend === 'simd') expect(kernels).not.toContain('Swish');
    x.dispose();
  });

  test('cannot be trained, but for what is frozen', async () => {
    const x = images();
    await fuse(net, { input });
    expect(() => net.forward(x, training())).toThrow('A fused network cannot be trained');
    net.freeze('conv', 'norm', 'body');
    const frozen = valueAndGradients(net, () => tf.sum<tf.Scalar>(net.forward(x, training())));
    expect(Object.keys(frozen.gradients)).toEqual(['head.weight', 'head.bias']);
    tf.dispose([x, frozen.value, ...Object.values(frozen.gradients)]);
  });

  test('follows its variables when they are loaded or changed in place', async () => {
    const x = images();
    const other = new Plain();
    const bytes = await encode(other);
    await fuse(net, { input });
    const { numTensors } = tf.memory();
    await load(net, bytes);
    const [loaded, expected] = [net.forward(x, evaluation), other.forward(x, evaluation)];
    expect(tf.memory().numTensors).toBe(numTensors + 2);
    expectSame(loaded, expected);
    // The gradients of evaluation, and an optimizer that changes variables in place.
    for (const each of [net, other]) {
      const { value, gradients } = valueAndGradients(each, () =>
        tf.sum<tf.Scalar>(tf.square(each.forward(x, evaluation))),
      );
      const optimizer = new SGD(each.namedVariables());
      optimizer.step(gradients, 0.01);
      optimizer.dispose();
      tf.dispose([value, ...Object.values(gradients)]);
    }
    const [moved, after] = [net.forward(x, evaluation), other.forward(x, evaluation)];
    expectSame(moved, after);
    expect(largestDifference(moved, loaded)).toBeGreaterThan(1e-4);
    tf.dispose([x, loaded, expected, moved, after]);
    other.dispose();
  });

  test('is saved as before, counted whole, and exported folded', async () => {
    const before = await encode(net);
    const { parameters, statistics } = counts(net);
    await fuse(net, { input });
    expect(await encode(net)).toEqual(before);
    expect(counts(net)).toEqual({ parameters, statistics });
    const text = Buffer.from(await exportOnnx(net, { input })).toString('latin1');
    expect(text).not.toContain('BatchNormalization');
    expect(text).toContain('body.layers.0.weight');
  });
});

test('on another backend, folded weights are computed again and not read', async () => {
  await tf.setBackend('simd');
  const net = filled(new Plain());
  await fuse(net, { input });
  const read = jest.spyOn(tf.backend(), 'readSync');
  await tf.setBackend('cpu');
  const { numTensors } = tf.memory();
  const x = images();
  const y = net.forward(x, evaluation);
  expect(tf.memory().numTensors).toBe(numTensors + 2);
  const variables = new Set(net.variables().map(({ dataId }) => dataId));
  expect(read.mock.calls.length).toBeGreaterThan(0);
  expect(read.mock.calls.filter(([dataId]) => !variables.has(dataId))).toEqual([]);
  read.mockRestore();
  const plain = filled(new Plain());
  const expected = plain.forward(x, evaluation);
  expectSame(y, expected);
  tf.dispose([x, y, expected]);
  net.dispose();
  plain.dispose();
});

/** The rows' values, added up; equal to the network's. */
function counts(net: Module<tf.Tensor4D, tf.Tensor2D>) {
  const { layers, parameters, statistics } = describeModule(net, input);
  const sum = (key: 'parameters' | 'statistics') => layers.reduce((total, row) => total + row[key], 0);
  expect([sum('parameters'), sum('statistics')]).toEqual([parameters, statistics]);
  return { parameters, statistics };
}

const conv = () => new Conv2D({ inChannels: 4, filters: 4, kernelSize: 3, padding: 'same' });
const norm = () => new BatchNorm({ channels: 4 });

/** A network of these layers that runs them as `run` says. */
class Composed<Layers extends Record<string, Module<never, tf.Tensor>>> extends Module {
  constructor(
    readonly layers: Layers,
    readonly run: (layers: Layers, x: tf.Tensor4D, context: Context) => tf.Tensor4D,
  ) {
    super();
  }
  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.tidy(() => this.run(this.layers, x, context));
  }
}

describe('what is not folded', () => {
  test('a convolution that runs twice', async () => {
    const net = new Composed({ conv: conv(), norm: norm() }, ({ conv, norm }, x, context) =>
      norm.forward(conv.forward(conv.forward(x)), context),
    );
    expect(await foldedPaths(net)).toEqual([]);
  });

  test('a batch norm that runs twice', async () => {
    const net = new Composed({ a: conv(), b: conv(), norm: norm() }, ({ a, b, norm }, x, context) =>
      norm.forward(b.forward(norm.forward(a.forward(x), context)), context),
    );
    expect(await foldedPaths(net)).toEqual([]);
  });

  test('a convolution whose output something else uses too', async () => {
    const net = new Composed({ conv: conv(), norm: norm() }, ({ conv, norm }, x, context) => {
      const y = conv.forward(x);
      return tf.add(norm.forward(y, context), y);
    });
    expect(await foldedPaths(net)).toEqual([]);
  });

  test('a convolution with an activation before the batch norm', async () => {
    const net = new Composed({ conv: conv(), norm: norm() }, ({ conv, norm }, x, context) =>
      norm.forward(conv.forwardFused(x, 'relu'), context),
    );
    expect(await foldedPaths(net)).toEqual([]);
  });

  test('a convolution that is the output too', async () => {
    class Two extends Module<tf.Tensor4D, tf.Tensor4D[]> {
      readonly conv = conv();
      readonly norm = norm();
      override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D[] {
        const y = this.conv.forward(x);
        return [y, this.norm.forward(y, context)];
      }
    }
    const net = new Two();
    const onFolded = jest.fn();
    await fuse(net, { input, onFolded });
    expect(onFolded).not.toHaveBeenCalled();
    net.dispose();
  });

  test('a class that extends a convolution', async () => {
    class Doubled extends Conv2D {
      override forward(x: tf.Tensor4D): tf.Tensor4D {
        return tf.tidy(() => tf.mul(super.forward(x), 2));
      }
    }
    const doubled = new Doubled({ inChannels: 4, filters: 4, kernelSize: 3 });
    expect(await foldedPaths(new Sequential(doubled, norm()))).toEqual([]);
  });

  test('an activation that runs twice, or before which something else uses the batch norm', async () => {
    const layers = {
      a: conv(),
      normA: norm(),
      b: conv(),
      normB: norm(),
      swish: new Swish(),
      relu: new ReLU(),
    };
    const net = new Composed(layers, ({ a, normA, b, normB, swish, relu }, x, context) => {
      const y = swish.forward(normA.forward(a.forward(x), context));
      const z = normB.forward(b.forward(swish.forward(y)), context);
      return tf.add(relu.forward(z), z);
    });
    // Only the batch norms are; the outputs are the same.
    expect(await foldedPaths(net)).toEqual(['layers.a', 'layers.b']);
  });
});

test('where the module cannot be traced, nothing changes', async () => {
  const net = new Composed({ conv: conv(), norm: norm() }, ({ conv, norm }, x, context) => {
    x.dataSync();
    return norm.forward(conv.forward(x), context);
  });
  const { numTensors } = tf.memory();
  await expect(fuse(net, { input })).rejects.toThrow('read the values of a tensor');
  await expect(fuse(net, { input: [0] })).rejects.toThrow('give positive integers');
  expect(tf.memory().numTensors).toBe(numTensors);
  net.dispose();
  await expect(fuse(net, { input })).rejects.toThrow('was disposed of');
});
