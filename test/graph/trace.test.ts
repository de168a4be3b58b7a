import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { describeModule, trace } from '../../src/graph/index.js';
import { BatchNorm, Conv2D, Dense, ReLU } from '../../src/layers/index.js';
import { buildEfficientNet } from '../../src/models/index.js';
import { randomTensor } from '../helpers/tensors.js';

const random = new Random(0);
const norm = { epsilon: 1e-3, momentum: 0.9, runningVariance: 'unbiased' } as const;

/** Two images in, two outputs; one convolution is shared, and there are a resize, a concatenation and a transposed one. */
class UNet extends Module<{ a: tf.Tensor4D; b: tf.Tensor4D }, { mask: tf.Tensor4D; logits: tf.Tensor }> {
  readonly stem = new Conv2D({ inChannels: 3, filters: 4, kernelSize: 3, padding: 'same', random });
  readonly norm = new BatchNorm({ channels: 4, ...norm });
  readonly relu = new ReLU();
  readonly down = new Conv2D({
    inChannels: 4,
    filters: 4,
    kernelSize: 3,
    stride: 2,
    padding: 'same',
    random,
  });
  readonly up = tf.tidy(() =>
    tf.variable(tf.randomNormal([2, 2, 4, 8], 0, 0.3, 'float32', 1)),
  ) as tf.Variable<tf.Rank.R4>;
  readonly head = new Dense({ inFeatures: 4, units: 5, random });

  override forward({ a, b }: { a: tf.Tensor4D; b: tf.Tensor4D }, context: Context) {
    return tf.tidy(() => {
      const [x, y] = [a, b].map((image) =>
        this.relu.forward(this.norm.forward(this.stem.forward(image), context)),
      );
      const low = tf.relu(this.down.forward(x!));
      const large = tf.image.resizeBilinear(low, [8, 8], false, true);
      const both = tf.concat([large, y!], 3);
      const mask = tf.conv2dTranspose(both as tf.Tensor4D, this.up, [both.shape[0]!, 16, 16, 4], 2, 'same');
      const logits = tf.softmax(this.head.forward(tf.mean(low, [1, 2])));
      return { mask, logits };
    });
  }
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test('records the kernels with their shapes, and computes nothing', () => {
  const net = new UNet();
  const before = tf.memory();
  const backend = tf.getBackend();
  const { inputs, outputs, nodes } = trace(net, { a: [3, 8, 8, 3], b: [3, 8, 8, 3] });
  expect(tf.getBackend()).toBe(backend);
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  expect(Object.keys(inputs)).toEqual(['a', 'b']);
  const real = tf.tidy(() => {
    const [a, b] = [randomTensor<tf.Rank.R4>([3, 8, 8, 3], 1), randomTensor<tf.Rank.R4>([3, 8, 8, 3], 2)];
    const y = net.forward({ a, b }, { training: false });
    tf.dispose([a, b]);
    return { mask: y.mask.shape, logits: y.logits.shape };
  });
  expect(outputs.mask!.shape).toEqual(real.mask);
  expect(outputs.logits!.shape).toEqual(real.logits);
  const transposed = nodes.find(({ kernel }) => kernel === 'Conv2DBackpropInput')!;
  expect(transposed.inputs.filter!.source).toMatchObject({ kind: 'variable', name: 'up' });
  expect(nodes.filter(({ call }) => call.path === 'stem')).toHaveLength(2);
  expect(Object.keys(net)).not.toContain('forward');
  net.dispose();
});

test('describes any module; what runs twice is counted once and says so', () => {
  const net = new UNet();
  const { layers, parameters, statistics, multiplyAdds } = describeModule(net, {
    a: [1, 8, 8, 3],
    b: [1, 8, 8, 3],
  });
  expect(layers.map(({ name, type, shared, parameters }) => [name, type, parameters, shared])).toEqual([
    ['stem', 'conv2d', 108, undefined],
    ['norm', 'batchNorm', 8, undefined],
    ['relu', 'relu', 0, undefined],
    ['stem', 'conv2d', 0, true],
    ['norm', 'batchNorm', 0, true],
    ['relu', 'relu', 0, true],
    ['down', 'conv2d', 144, undefined],
    ['relu', 'relu', 0, undefined],
    ['resizeBilinear', 'resizeBilinear', 0, undefined],
    ['concat', 'concat', 0, undefined],
    ['transposedConv2d', 'transposedConv2d', 128, undefined],
    ['mean', 'globalAvgPool', 0, undefined],
    ['head', 'dense', 25, undefined],
    ['softmax', 'softmax', 0, undefined],
  ]);
  expect([parameters, statistics]).toEqual([108 + 8 + 144 + 128 + 25, 8]);
  expect(multiplyAdds).toBe(2 * 108 * 64 + 144 * 16 + 8 * 8 * 8 * 2 * 2 * 4 + 20);
  const summary = net.summary({ a: [1, 8, 8, 3], b: [1, 8, 8, 3] }).split('\n');
  expect(summary[6]).toMatch(/^stem \(conv2d, shared\) +1 x 8 x 8 x 4 +0 +6,912$/);
  net.dispose();
});

class Apply extends Module<tf.Tensor4D, tf.Tensor> {
  constructor(readonly run: (x: tf.Tensor4D) => tf.Tensor) {
    super();
  }

  override forward(x: tf.Tensor4D): tf.Tensor {
    return tf.tidy(() => this.run(x));
  }
}

class Outer extends Module<tf.Tensor4D, tf.Tensor> {
  readonly inner: Apply;

  constructor(run: (x: tf.Tensor4D) => tf.Tensor) {
    super();
    this.inner = new Apply(run);
  }

  override forward(x: tf.Tensor4D): tf.Tensor {
    return this.inner.forward(x);
  }
}

const cases: Record<string, (x: tf.Tensor4D) => tf.Tensor> = {
  unary: (x) => tf.leakyRelu(tf.elu(tf.erf(tf.rsqrt(tf.abs(tf.tanh(x))))), 0.1),
  broadcast: (x) => tf.where(tf.greater(x, 0), tf.add(x, tf.tensor1d([1, 2, 3, 4])), tf.pow(x, 2)),
  reductions: (x) => tf.add(tf.max(x, [1, 2], true), tf.sum(x, -1, true)),
  argMax: (x) => tf.argMax(x, -1),
  shapes: (x) => tf.squeeze(tf.expandDims(tf.transpose(tf.reshape(x, [2, -1, 4]), [0, 2, 1]), 1), [1]),
  split: (x) => tf.concat(tf.split(x, [1, 3], 3).reverse(), 3),
  stack: (x) => tf.stack(tf.unstack(x, 1), 2),
  slices: (x) =>
    tf.slice(tf.stridedSlice(x, [0, 1, 0, 0], [2, 6, 8, 4], [1, 2, 3, 1]), [0, 0, 1, 0], [-1, 1, 1, 2]),
  pads: (x) =>
    tf.mirrorPad(
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ]),
      [
        [0, 0],
        [1, 1],
        [2, 0],
        [0, 0],
      ],
      'reflect',
    ),
  tile: (x) => tf.tile(x, [1, 2, 1, 3]),
  gather: (x) => tf.gather(x, tf.tensor1d([1, 0], 'int32'), 2),
  pools: (x) => tf.avgPool(tf.maxPool(x, 3, 2, 'same'), 2, 1, 'valid'),
  depthToSpace: (x) => tf.depthToSpace(x, 2),
  dilated: (x) => tf.conv2d(x, tf.ones([3, 3, 4, 2]) as tf.Tensor4D, 1, 'same', 'NHWC', 2),
  nearest: (x) => tf.image.resizeNearestNeighbor(x, [5, 9]),
  attention: (x) => {
    const tokens = tf.reshape(x, [2, -1, 4]) as tf.Tensor3D;
    const weights = tf.softmax(tf.mul(tf.matMul(tokens, tokens, false, true), 0.5));
    return tf.matMul(weights, tokens);
  },
  layerNorm: (x) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
  },
  cast: (x) => tf.cast(tf.greaterEqual(x, 0.5), 'float32'),
};

test.each(Object.keys(cases))('%s: the traced shape and type are those computed', (name) => {
  const net = new Apply(cases[name]!);
  const { output } = trace(net, [2, 8, 8, 4]).outputs;
  const x = tf.randomUniform([2, 8, 8, 4]) as tf.Tensor4D;
  const y = net.forward(x);
  expect([output!.shape, output!.dtype]).toEqual([y.shape, y.dtype]);
  tf.dispose([x, y]);
});

test('values that are read, an unknown kernel and what the module throws are errors; the backend comes back', () => {
  const backend = tf.getBackend();
  const reads = new Outer((x) => (x.dataSync()[0]! > 0 ? tf.neg(x) : tf.relu(x)));
  expect(() => trace(reads, [1, 2, 2, 1])).toThrow(
    /read the values of a tensor.*control flow depends on shapes only/,
  );
  const unknown = new Outer((x) => tf.spectral.fft(tf.complex(tf.reshape(x, [4]), tf.zeros([4]))));
  expect(() => trace(unknown, [1, 2, 2, 1])).toThrow(
    /^inner \(Apply\) runs the kernel Complex, which cannot be traced/,
  );
  const conv = new Conv2D({ inChannels: 3, filters: 1, kernelSize: 3, random });
  expect(() => conv.summary([1, 8, 8, 2])).toThrow(/depth of input/);
  expect(() => conv.summary([1, 8, 8, 0])).toThrow('The shape of input is [1,8,8,0]; give positive integers');
  expect(() => conv.summary('big' as never)).toThrow("The input is the string 'big'; give its shape");
  expect(tf.getBackend()).toBe(backend);
  conv.dispose();
});

test('a prediction that is under way goes on', async () => {
  const net = new UNet();
  const x = tf.ones([1, 8, 8, 3]) as tf.Tensor4D;
  const y = tf.tidy(() => net.forward({ a: x, b: x }, { training: false }).logits);
  const values = y.data();
  trace(net, { a: [1, 8, 8, 3], b: [1, 8, 8, 3] });
  expect((await values).length).toBe(5);
  tf.dispose([x, y]);
  net.dispose();
});

test('EfficientNet-B7 at 600 pixels takes no memory', () => {
  const net = buildEfficientNet(7, { initialize: false });
  const before = tf.memory();
  const { multiplyAdds, activationSize } = net.describe(600);
  expect((multiplyAdds / 1e9).toFixed(1)).toBe('37.7');
  expect(activationSize).toBeGreaterThan(9e8);
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  net.dispose();
});
