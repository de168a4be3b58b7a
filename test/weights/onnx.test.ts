import * as tf from '@tensorflow/tfjs-core';
import { ConvNorm, MBConv, ResidualBlock } from '../../src/blocks/index.js';
import type { Context } from '../../src/core/context.js';
import { Module, type AnyModule } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { tidied } from '../../src/core/tensors.js';
import { parameter } from '../../src/core/variables.js';
import type { InputShapes } from '../../src/graph/index.js';
import { BatchNorm, Conv2D, Dense, GlobalAvgPool, Sequential } from '../../src/layers/index.js';
import { swish } from '../../src/layers/swish.js';
import { buildModel, modelNames } from '../../src/models/build-model.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { exportOnnx } from '../../src/weights/onnx/export.js';
import { relativeDistance, ruleFloats } from '../helpers/golden.js';
import { OnnxRuntimes, runtimes } from '../helpers/onnx-runtimes.js';
import { randomTensor } from '../helpers/tensors.js';
import { fillFast, fillModule, ruleInput } from '../helpers/torch-model.js';
import { scaleProjections } from '../helpers/torchvision-models.js';

const onnx = new OnnxRuntimes();
afterAll(() => onnx.close());

/** Batch and size of the images; an odd size as well: padding at stride 2 differs there. */
const inputs = [
  [2, 33],
  [1, 32],
] as const;

/**
 * How far ONNX Runtime's outputs are from what `predict` gives, in standard deviations, by runtime and shape: of one session
 * for all inputs. Frees the model.
 */
async function distances(model: ImageClassifier, { fused = false } = {}): Promise<Record<string, number>> {
  const images = inputs.map(([batch, size]) => ruleInput(batch, size));
  const wanted = images.map((images) => model.predict(images));
  if (fused) model.fuse();
  const held = tf.memory().numTensors;
  const file = await exportOnnx(model);
  expect(tf.memory().numTensors).toBe(held);
  const planar = images.map((images) => tf.transpose(images, [0, 3, 1, 2]));
  const outputs = await onnx.run(
    file,
    planar.map((images) => ({ images: { shape: images.shape, values: images.dataSync() } })),
  );
  expect(outputs).toHaveLength(runtimes.length * inputs.length);
  const found = outputs.map(({ runtime, shape, values }, i) => {
    const expected = wanted[i % inputs.length]!;
    expect([runtime, shape]).toEqual([runtime, expected.shape]);
    return [`${runtime} [${shape}]`, relativeDistance(values, expected.dataSync())] as const;
  });
  tf.dispose([images, wanted, planar]);
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
  return Object.fromEntries(found);
}

function expectClose(distances: Record<string, number>): void {
  expect(Object.entries(distances).filter(([, distance]) => !(distance < 1e-4))).toEqual([]);
}

test.each([
  ['resnet50', { convention: 'keras' }, false],
  ['resnet50', { includeTop: false }, true],
  ['resnet20', {}, true],
  ['resnet20', { shortcut: 'none' }, false],
  ['resnet50', { shortcut: 'none' }, true],
  ['efficientnet-b0', { convention: 'keras', includeTop: false }, false],
  ['efficientnet-b0', { convention: 'timm-tf' }, true],
] as const)(
  '%s %j, fused %s: ONNX Runtime gives what predict gives, within 1e-4 of a standard deviation',
  async (name, options, fused) => {
    const model = buildModel(name, { initialize: false, classes: 5, width: 0.5, ...options });
    fillFast(model);
    expectClose(await distances(model, { fused }));
  },
);

test.each([
  ['resnext50_32x4d', { width: 0.25 }],
  ['wide_resnet50_2', { width: 0.125 }],
  ['resnet50d', { width: 0.125 }],
  ['seresnet50', { width: 0.125 }],
  ['resnetrs50', { width: 0.125 }],
  ['efficientnet-v2-b0', { convention: 'keras' }],
  ['efficientnet-v2-s', { width: 0.5 }],
] as const)('%s %j: a variant of each kind, as it is and fused', async (name, options) => {
  for (const fused of [false, true]) {
    const model = buildModel(name, { initialize: false, classes: 5, ...options });
    fillFast(model);
    scaleProjections(model, 0.2);
    expectClose(await distances(model, { fused }));
  }
});

// The large ones are narrow here: their graphs have as many nodes.
const published = modelNames.filter((name) => /^(resnet\d+|efficientnet-(b|lite)\d)$/.test(name));
const whole = ['resnet18', 'resnet50', 'resnet20', 'efficientnet-b0', 'efficientnet-lite0'];

test.each(published)('%s: ONNX Runtime gives what predict gives, for any batch and size', async (name) => {
  const model = buildModel(name, { initialize: false, width: whole.includes(name) ? 1 : 0.25 });
  fillFast(model);
  expectClose(await distances(model));
});

const padded = { kernelSize: 3, padding: 'same' } as const;
const norm = { epsilon: 1e-3, momentum: 0.9, runningVariance: 'unbiased' } as const;

/** Two images in and two outputs; a shared convolution, a resize, a concatenation and a transposed convolution. */
class UNet extends Module<Record<'a' | 'b', tf.Tensor4D>, Record<'mask' | 'chances', tf.Tensor>> {
  readonly #random = new Random(0);
  readonly stem = new Conv2D({ inChannels: 3, filters: 4, ...padded, random: this.#random });
  readonly norm = new BatchNorm({ channels: 4, ...norm });
  readonly down = new Conv2D({ inChannels: 4, filters: 6, stride: 2, ...padded, random: this.#random });
  readonly up = parameter<tf.Rank.R4>(ruleFloats('up', 2 * 2 * 5 * 10), [2, 2, 5, 10]);
  readonly head = new Dense({ inFeatures: 6, units: 5, random: this.#random });

  override forward({ a, b }: Record<'a' | 'b', tf.Tensor4D>, context: Context) {
    return tidied(() => {
      const [x, y] = [a, b].map((image) => tf.relu(this.norm.forward(this.stem.forward(image), context)));
      const low = swish(this.down.forward(x!));
      const large = tf.image.resizeBilinear(low, [8, 8], false, true);
      const both: tf.Tensor4D = tf.concat([large, y!], 3);
      const mask = tf.conv2dTranspose(both, this.up, [both.shape[0], 16, 16, 5], 2, 'same');
      return { mask, chances: tf.softmax(this.head.forward(tf.mean(low, [1, 2]))) };
    });
  }
}

/** Attention over pixels, layer norm, and a dense layer over all of it. */
class Attention extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly #random = new Random(0);
  readonly conv = new Conv2D({ inChannels: 3, filters: 4, ...padded, bias: true, random: this.#random });
  readonly place = parameter<tf.Rank.R2>(ruleFloats('place', 64 * 4), [64, 4]);
  readonly head = new Dense({ inFeatures: 64 * 4, units: 5, random: this.#random });

  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => {
      const image = tf.add(this.conv.forward(x), tf.tensor1d([0.5, -1, 2, 0]));
      const tokens: tf.Tensor3D = tf.add(tf.reshape(image, [x.shape[0], 64, 4]), this.place);
      const weights = tf.softmax(tf.mul(tf.matMul(tokens, tokens, false, true), 0.25));
      const mixed = tf.add(tf.matMul(weights, tokens), tokens);
      const { mean, variance } = tf.moments(mixed, -1, true);
      const normal = tf.div(tf.sub(mixed, mean), tf.sqrt(tf.add(variance, 1e-3)));
      return this.head.forward(tf.reshape(normal, [x.shape[0], 64 * 4]));
    });
  }
}

/** Other operations, on images with their axes in the order NCHW and without it. */
class Operations extends Module<tf.Tensor4D, tf.Tensor> {
  readonly conv = new Conv2D({ inChannels: 3, filters: 8, ...padded, random: new Random(0) });
  readonly grouped = new Conv2D({ inChannels: 8, filters: 8, groups: 2, ...padded, random: new Random(1) });

  override forward(x: tf.Tensor4D): tf.Tensor {
    return tf.tidy(() => {
      const y = tf.relu6(this.grouped.forward(tf.leakyRelu(this.conv.forward(x), 0.1)));
      const [left, right] = tf.split(y, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
      const chosen = tf.where(tf.greater(left, right), left, tf.maximum(right, 0.25));
      const pooled = tf.avgPool(tf.maxPool(chosen, 3, 1, 'same'), 2, 2, 'valid');
      const small = tf.mirrorPad(
        tf.pad(pooled, [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 0],
        ]),
        [
          [0, 0],
          [1, 1],
          [0, 0],
          [0, 0],
        ],
        'reflect',
      );
      const part = tf.slice(small, [0, 1, 0, 1], [-1, 4, 5, 2]);
      const nearest = tf.image.resizeNearestNeighbor(tf.tile(part, [1, 1, 1, 2]) as tf.Tensor4D, [8, 10]);
      const spread: tf.Tensor4D = tf.depthToSpace(nearest, 2);
      const most = tf.max(spread, [1, 2], true);
      const turned = tf.transpose(tf.sub(spread, most), [0, 2, 1, 3]);
      const stacked = tf.stack(tf.unstack(turned, 3), 1);
      return tf.sum(tf.square(tf.squeeze(stacked, [1])), -1);
    });
  }
}

const networks = {
  'a U-Net of two inputs and outputs': [() => new UNet(), { a: [2, 8, 8, 3], b: [2, 8, 8, 3] }],
  attention: [() => new Attention(), [1, 8, 8, 3]],
  'other operations': [() => new Operations(), [1, 8, 8, 3]],
  'layers one after the other': [
    () =>
      new Sequential(
        new ConvNorm({ inChannels: 3, filters: 4, kernelSize: 3, stride: 2, activation: 'swish' }),
        new ResidualBlock({ kind: 'basic', inChannels: 4, channels: 6, stride: 2 }),
        new MBConv({ inChannels: 6, outChannels: 6, kernelSize: 3, expandRatio: 2 }),
        new GlobalAvgPool(),
        new Dense({ inFeatures: 6, units: 3 }),
      ),
    [1, 16, 16, 3],
  ],
} as const satisfies Record<string, readonly [() => AnyModule, InputShapes]>;

test.each(Object.keys(networks) as (keyof typeof networks)[])(
  '%s: a network that this library has never seen, with batches of 1 and 3',
  async (name) => {
    const [build, input] = networks[name];
    const net: AnyModule = build();
    fillModule(net, ({ name }) => name);
    const file = await exportOnnx(net, { input });
    const image = ([, ...rest]: readonly number[], seed: number, batch: number) =>
      randomTensor<tf.Rank.R4>([batch, ...rest] as never, seed);
    const inputs = [1, 3].map((batch) =>
      Array.isArray(input)
        ? image(input as readonly number[], batch, batch)
        : Object.fromEntries(
            Object.entries(input).map(([key, shape], i) => [key, image(shape as number[], i + batch, batch)]),
          ),
    );
    await onnx.expectSame(net, file, inputs);
    net.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
);
