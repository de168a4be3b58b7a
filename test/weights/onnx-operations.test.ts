/** Operations that a network may use besides the layers: each gives the same in ONNX Runtime, at any batch. */
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../src/core/errors.js';
import { Module, type AnyModule } from '../../src/core/module.js';
import { parameter } from '../../src/core/variables.js';
import { AvgPool, BatchNorm, Conv2D, DepthwiseConv2D } from '../../src/layers/index.js';
import { exportOnnx } from '../../src/weights/onnx/export.js';
import { ruleValues } from '../helpers/golden.js';
import { OnnxRuntimes } from '../helpers/onnx-runtimes.js';
import { randomTensor } from '../helpers/tensors.js';
import { fillModule } from '../helpers/torch-model.js';

const onnx = new OnnxRuntimes();
afterAll(() => onnx.close());

type Images = tf.Tensor4D;

/** Runs a function of images of 6 x 8 pixels, and has what the function needs as parts. */
class Runs extends Module<Images, tf.Tensor> {
  constructor(
    readonly run: (x: Images, parts: AnyModule[]) => tf.Tensor,
    readonly parts: AnyModule[] = [],
  ) {
    super();
  }

  override forward(x: Images): tf.Tensor {
    return tf.tidy(() => this.run(x, this.parts));
  }
}

const SHAPE = [1, 6, 8, 4] as const;

async function expectSame(net: AnyModule): Promise<void> {
  fillModule(net, ({ name }) => name);
  const held = tf.memory().numTensors;
  const file = await exportOnnx(net, { input: SHAPE });
  expect(tf.memory().numTensors).toBe(held);
  await onnx.expectSame(net, file, [1, 3].map((batch) => randomTensor<tf.Rank.R4>([batch, 6, 8, 4], batch))); // prettier-ignore
  net.dispose();
  expect(tf.memory().numTensors).toBe(0);
}

const same = { kernelSize: 3, padding: 'same' } as const;
const conv = (options = {}) => new Conv2D({ inChannels: 4, filters: 4, ...same, ...options });
const tokens = (x: Images) => tf.reshape(x, [x.shape[0], 48, 4]) as tf.Tensor3D;

/** Whole numbers from 0 to 3, of each pixel. */
const classes = (x: Images) => tf.argMax(x, 3) as tf.Tensor3D;

const operations: Record<string, (x: Images) => tf.Tensor> = {
  'strided slices of images': (x) =>
    tf.stridedSlice(tf.relu(x), [0, 1, 0, 0], [9, 6, 8, 4], [1, 2, 3, 1], 1, 1),
  'strided slices with axes left out, the last one taken away': (x) =>
    tf.stridedSlice(x, [0, 0, 0, 2], [0, 0, 0, 3], [1, 1, 1, 1], 7, 7, 0, 0, 8),
  'strided slices with an ellipsis, the last axis taken away': (x) =>
    tf.stridedSlice(x, [0, 2], [0, 3], [1, 1], 0, 0, 1, 0, 2),
  'backwards slices': (x) => tf.stridedSlice(x, [0, 0, 0, -1], [0, 0, 0, -4], [1, -1, 1, -2], 7, 7),
  'the first example': (x) => tf.slice(x, [0, 1, 1, 0], [1, 4, -1, 2]),
  'all examples but the first two pixels': (x) => tf.slice(tf.relu(x), [0, 2, 0, 0], [x.shape[0], 4, 8, 4]),
  'the last example, turned': (x) =>
    tf.transpose(tf.slice(x, [x.shape[0] - 1, 0, 0, 0], [1, 6, 8, 4]), [0, 2, 1, 3]),
  'images from left to right': (x) => tf.reverse(x, [2, -1]),
  'the order of examples': (x) => tf.reverse(x, 0),
  'mirrored edges': (x) => tf.mirrorPad(tf.relu(x), [[0, 0], [2, 1], [1, 3], [0, 0]], 'symmetric'), // prettier-ignore
  'mirrored edges of matrices': (x) => tf.mirrorPad(tf.mean(x, [1, 2]), [[0, 0], [2, 2]], 'symmetric'), // prettier-ignore
  'sums up to each place': (x) => tf.cumsum(x, 2),
  'sums of the places after each': (x) => tf.cumsum(tf.mean(x, 1), 2, true, true),
  'one-hot vectors': (x) => tf.oneHot(classes(x), 4, 0.9, 0.1, 'float32'),
  'one-hot vectors in a product': (x) =>
    tf.matMul(
      tf.reshape(tf.cast(tf.oneHot(classes(x), 4), 'float32'), [-1, 192]),
      tf.reshape(tf.range(0, 384), [192, 2]),
    ),
  'the largest values': (x) => tf.topk(tf.mean(x, [1, 2]), 3).values,
  'the places of the largest values': (x) => tf.cast(tf.topk(tokens(x), 2).indices, 'float32'),
  'tokens of places': (x) => tf.gather(tokens(x), [3, 0, 47, 3], 1),
  'channels of places': (x) => tf.gather(x, [2, 0], 3),
  'repeated pixels': (x) => tf.tile(tf.relu(x), [1, 2, 1, 3]),
  'three parts of channels': (x) => tf.concat((tf.split(x, [1, 2, 1], 3) as Images[]).reverse(), 3),
  'stacked rows': (x) => tf.stack(tf.unstack(x, 1).slice(1, 4), -1),
  'nearest pixels': (x) => tf.image.resizeNearestNeighbor(x, [9, 4]),
  'nearest pixels, from half pixels': (x) => tf.image.resizeNearestNeighbor(x, [12, 16], false, true),
  'pixels between, corners aligned': (x) => tf.image.resizeBilinear(x, [11, 5], true),
  'pixels between': (x) => tf.image.resizeBilinear(x, [11, 16]),
  'leaky ReLU, ELU, SELU and softplus': (x) =>
    tf.addN([tf.leakyRelu(x, 0.3), tf.elu(x), tf.selu(x), tf.softplus(x)]),
  'GELU by erf': (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  'GELU by tanh': (x) =>
    tf.mul(
      tf.mul(x, 0.5),
      tf.add(tf.tanh(tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI))), 1),
    ),
  'log(1 + x²) and exp(x) - 1': (x) => tf.add(tf.log1p(tf.square(x)), tf.expm1(x)),
  'logarithms of softmax': (x) => tf.logSoftmax(tf.mean(x, [1, 2])),
  'layer norm of channels': (x) => {
    const { mean, variance } = tf.moments(x, 3, true);
    return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-6)));
  },
  'group norm': (x) => {
    const groups = tf.reshape(x, [x.shape[0], 6, 8, 2, 2]);
    const { mean, variance } = tf.moments(groups, [1, 2, 4], true);
    return tf.reshape(tf.div(tf.sub(groups, mean), tf.sqrt(tf.add(variance, 1e-3))), [x.shape[0], 6, 8, 4]);
  },
  'a mask of zeros and ones': (x) => tf.where(tf.greater(x, 0.2), tf.zerosLike(x), tf.onesLike(tf.relu(x))),
  'numbers of places': (x) => tf.add(x, tf.reshape(tf.cast(tf.range(0, 8, 1), 'float32'), [8, 1])),
  'a number everywhere': (x) => tf.mul(x, tf.fill([6, 8, 1], 0.25)),
  'broadcasting to a shape': (x) => tf.broadcastTo(tf.mean(x, [1, 2], true), [x.shape[0], 3, 2, 4]),
  'clipping to a range': (x) => tf.clipByValue(x, -0.5, 0.5),
  'dilated maximum': (x) => tf.pool(x, 3, 'max', 'same', 2, 1),
  'dilated mean': (x) => tf.pool(x, 2, 'avg', 'valid', 2, 1),
};

test.each(Object.keys(operations))('%s', async (name) => {
  await expectSame(new Runs(operations[name]!));
});

const layers: Record<string, () => AnyModule> = {
  'a dilated convolution': () => conv({ dilation: 2 }),
  'a dilated depthwise convolution': () => new DepthwiseConv2D({ channels: 4, ...same, dilation: 3 }),
  "tfjs's dilated convolution": () => {
    const weight = parameter<tf.Rank.R4>(Float32Array.from(ruleValues('w', 3 * 3 * 4 * 5)), [3, 3, 4, 5]);
    const net = new Runs((x) => tf.conv2d(x, weight, 1, 'same', 'NHWC', [2, 2]));
    return Object.assign(net, { weight });
  },
  'a mean over windows, padded': () => new AvgPool({ size: 3, stride: 2, padding: 1 }),
  'a batch norm without a convolution': () => new BatchNorm({ channels: 4 }),
};

test.each(Object.keys(layers))('%s', async (name) => {
  await expectSame(layers[name]!());
});

describe('what cannot be exported is an error that names the module and the kernel', () => {
  const refused: Record<string, [(x: Images) => tf.Tensor, RegExp]> = {
    'no operator': [(x) => tf.cumprod(x, 1), /the kernel Cumprod, which has no operator of ONNX here/],
    'a mean over the batch': [
      (x) => tf.div(tf.sum(x, 0), x.shape[0]),
      /the kernel RealDiv, which computes with numbers that depend on the size of the input/,
    ],
    'values for each example': [
      (x) => tf.add(x, tf.ones([x.shape[0], 1, 1, 1])),
      /the kernel Add, which computes with numbers that depend on the size of the input/,
    ],
    'half of the batch': [
      (x) => tf.tile(x, [x.shape[0], 1, 1, 1]),
      /the kernel Tile, which computes with numbers/,
    ],
    'a split batch': [
      (x) => tf.stack(tf.unstack(x), 1),
      /the kernel Unpack, which other sizes of the input change/,
    ],
  };

  test.each(Object.keys(refused))('%s', async (name) => {
    const [run, message] = refused[name]!;
    class Outer extends Module<Images, tf.Tensor> {
      readonly inner = new Runs(run);

      override forward(x: Images): tf.Tensor {
        return this.inner.forward(x);
      }
    }
    const failed = expect(exportOnnx(new Outer(), { input: SHAPE })).rejects;
    await failed.toThrow(ArgumentError);
    await expect(exportOnnx(new Outer(), { input: SHAPE })).rejects.toThrow(message);
    await expect(exportOnnx(new Outer(), { input: SHAPE })).rejects.toThrow(/^inner \(Runs\) /);
    expect(tf.memory().numTensors).toBe(0);
  });

  test('and without the shape of the input', async () => {
    await expect(exportOnnx(new Runs((x) => tf.relu(x)))).rejects.toThrow(
      'give the shape of the input, such as { input: [1, 224',
    );
  });
});
