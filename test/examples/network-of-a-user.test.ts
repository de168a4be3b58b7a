/** A network that this library has never seen, through everything that it offers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  BatchNorm,
  Conv2D,
  constantSchedule,
  ConvNorm,
  Dense,
  evaluate,
  evaluation,
  exportOnnx,
  fuse,
  GlobalAvgPool,
  load,
  MaxPool,
  MBConv,
  Module,
  predict,
  Random,
  ReLU,
  ResidualBlock,
  save,
  seeded,
  Sequential,
  SGD,
  softmaxCrossEntropy,
  train,
  valueAndGradients,
  warmUp,
  type Context,
} from 'skipscale';
import { relativeDistance } from '../helpers/golden.js';
import { OnnxRuntimes } from '../helpers/onnx-runtimes.js';

class Net extends Module<tf.Tensor4D, tf.Tensor2D> {
  stem = new Conv2D({ inChannels: 3, filters: 32, kernelSize: 3, stride: 2 });
  norm = new BatchNorm({ channels: 32 });
  relu = new ReLU();
  body = {
    first: new ResidualBlock({ kind: 'basic', inChannels: 32, channels: 32 }),
    rest: [new MBConv({ inChannels: 32, outChannels: 32, kernelSize: 3, expandRatio: 2 })],
  };
  more = new Map([
    ['last', new ConvNorm({ inChannels: 32, filters: 32, kernelSize: 1, activation: 'relu' })],
  ]);
  again = this.body.first; // Runs twice, and is one module.
  head = new Dense({ inFeatures: 32, units: 10 });

  forward(x: tf.Tensor4D, context: Context) {
    return tf.tidy(() => {
      let y = this.relu.forward(this.norm.forward(this.stem.forward(x), context));
      y = this.body.first.forward(y, context);
      for (const block of this.body.rest) y = block.forward(y, context);
      if (y.shape[1] > 4) y = tf.avgPool(y, 2, 2, 'same');
      y = this.again.forward(y, context);
      for (const layer of this.more.values()) y = layer.forward(y, context);
      return this.head.forward(tf.mean<tf.Tensor2D>(y, [1, 2]));
    });
  }
}

/** Two images in, two outputs, and the same encoder for both images. */
class Siamese extends Module<[tf.Tensor4D, tf.Tensor4D], { same: tf.Tensor2D; map: tf.Tensor4D }> {
  encoder = new Sequential(
    new ConvNorm({ inChannels: 3, filters: 8, kernelSize: 3, stride: 2, activation: 'relu' }),
    new ResidualBlock({ kind: 'basic', inChannels: 8, channels: 8 }),
  );
  head = new Dense({ inFeatures: 8, units: 2 });

  forward([a, b]: [tf.Tensor4D, tf.Tensor4D], context: Context) {
    return tf.tidy(() => {
      const [left, right] = [this.encoder.forward(a, context), this.encoder.forward(b, context)];
      const map = tf.abs(tf.sub(left, right)) as tf.Tensor4D;
      return { same: this.head.forward(tf.mean<tf.Tensor2D>(map, [1, 2])), map };
    });
  }
}

/** Keeps a layer where nobody can see it. */
class Hidden extends Module<tf.Tensor4D, tf.Tensor4D> {
  #conv = new Conv2D({ inChannels: 3, filters: 4, kernelSize: 3 });
  seen = new Conv2D({ inChannels: 4, filters: 4, kernelSize: 1 });

  forward(x: tf.Tensor4D) {
    return tf.tidy(() => this.seen.forward(this.#conv.forward(x)));
  }
}

const SHAPE = [1, 16, 16, 3] as const;
const image = (seed: number, batch = 2) =>
  tf.randomUniform<tf.Rank.R4>([batch, 16, 16, 3], -1, 1, 'float32', seed);
const batch = (seed: number) => ({ x: image(seed, 6), y: tf.tensor1d([0, 1, 2, 3, 4, 5], 'int32') });
const training = (): Context => ({ training: true, random: new Random(1) });

let folder: string;
const onnx = new OnnxRuntimes();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'network-of-a-user-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await onnx.close();
});

const nets: Module<never, unknown>[] = [];
function built<M extends Module<never, unknown>>(net: M): M {
  nets.push(net);
  return net;
}
afterEach(() => {
  for (const net of nets.splice(0)) net.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

const values = (net: Module<never, unknown>) =>
  Object.fromEntries(Array.from(net.namedVariables(), (v) => [v.name, v.variable.dataSync().slice()]));

test('summary has a row for every layer that runs', () => {
  const net = built(new Net());
  const table = net.summary([1, 224, 224, 3]);
  expect(table).toContain('body.rest.0.project.conv');
  expect(table).toContain('more.last.conv');
  expect(table).not.toContain('again');
  // It runs twice, and its parameters count once.
  expect(table.match(/body\.first\.conv1\.conv \(conv2d\) .* 9,216 /g)).toHaveLength(1);
  expect(table.match(/body\.first\.conv1\.conv \(conv2d, shared\) .* 0 /g)).toHaveLength(1);
  // A torch.nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False) has 864 weights.
  expect(table).toMatch(/stem\s.*864/);
});

test('a frozen part gets no gradient, and no optimizer moves it, even one made before', () => {
  const net = built(new Net());
  const optimizer = new SGD(net.namedVariables(), { momentum: 0.9 });
  const step = () => {
    const { x, y } = batch(1);
    const { value, gradients } = valueAndGradients(net, () =>
      softmaxCrossEntropy(net.forward(x, training()), y),
    );
    optimizer.step(gradients, 0.1);
    const names = Object.keys(gradients);
    tf.dispose([x, y, value, gradients]);
    return names;
  };
  const first = values(net);
  expect(step()).toContain('stem.weight');
  const second = values(net);
  expect(second['stem.weight']).not.toEqual(first['stem.weight']);
  net.freeze('stem');
  net.body.first.freeze();
  expect(step().filter((name) => /^(stem|body\.first)/.test(name))).toEqual([]);
  const third = values(net);
  for (const name of Object.keys(third)) {
    if (/^(stem|body\.first)/.test(name)) expect(third[name]).toEqual(second[name]);
  }
  expect(third['head.weight']).not.toEqual(second['head.weight']);
  net.unfreeze();
  step();
  expect(values(net)['stem.weight']).not.toEqual(third['stem.weight']);
  optimizer.dispose();
});

test('is trained, frozen between two steps, evaluated, and predicts', async () => {
  const net = built(seeded(1, () => new Net()));
  const data = () => [1, 2, 3].map(batch);
  const losses: number[] = [];
  let frozen: Float32Array | Int32Array | Uint8Array | undefined;
  const events = train(net, data, {
    loss: softmaxCrossEntropy,
    metrics: { accuracy },
    epochs: 3,
    schedule: constantSchedule(0.05),
  });
  for await (const event of events) {
    if (event.type !== 'epoch') continue;
    losses.push(event.loss);
    if (event.epoch !== 1) continue;
    net.freeze('stem');
    frozen = net.stem.weight.dataSync().slice();
  }
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  expect(net.stem.weight.dataSync()).toEqual(frozen);
  const result = await evaluate(net, data, { loss: softmaxCrossEntropy, metrics: { accuracy } });
  expect(result.examples).toBe(18);
  expect(result.metrics.accuracy).toBeGreaterThan(0.3);
  const x = image(1, 3);
  const [logits, same] = [await predict(net, x, { batchSize: 2 }), net.forward(x, evaluation)];
  expect(logits.shape).toEqual([3, 10]);
  expect(relativeDistance(logits.dataSync(), same.dataSync())).toBeLessThan(1e-5);
  tf.dispose([x, logits, same]);
});

test('is saved, loaded, exported, fused, and warmed up', async () => {
  const net = built(seeded(1, () => new Net()));
  const path = join(folder, 'net.safetensors');
  await save(net, path);
  const copy = built(seeded(2, () => new Net()));
  const { missing, extra } = await load(copy, path);
  expect([missing, extra]).toEqual([[], []]);
  expect(values(copy)).toEqual(values(net));

  await onnx.expectSame(net, await exportOnnx(net, { input: SHAPE }), [image(3, 1), image(4, 3)]);

  const folded: string[] = [];
  const fast = await fuse(copy, { input: SHAPE, onFolded: (path) => folded.push(path) });
  expect(fast).toBe(copy);
  // The stem, each of the two residual and the three inverted convolutions, and that of the Map.
  expect([...folded].sort()).toEqual([
    'body.first.conv1',
    'body.first.conv2',
    'body.rest.0.depthwise',
    'body.rest.0.expand',
    'body.rest.0.project',
    'more.last',
    'stem',
  ]);
  const x = image(5);
  const [slow, quick] = [net.forward(x, evaluation), fast.forward(x, evaluation)];
  expect(relativeDistance(quick.dataSync(), slow.dataSync())).toBeLessThan(1e-4);
  tf.dispose([x, slow, quick]);
  await onnx.expectSame(net, await exportOnnx(fast, { input: SHAPE }), [image(6)]);
  await save(fast, path);
  await load(net, path);

  await warmUp(net, { input: SHAPE });
});

test('several inputs and outputs', async () => {
  const net = built(seeded(1, () => new Siamese()));
  expect(net.summary([SHAPE, SHAPE])).toContain('encoder.layers.1.conv1.conv');
  const file = await exportOnnx(net, { input: [SHAPE, SHAPE] });
  await onnx.expectSame(net, file, [
    [image(1, 1), image(2, 1)],
    [image(3, 4), image(4, 4)],
  ]);
  await warmUp(net, { input: [SHAPE, SHAPE] });
  const pair: [tf.Tensor4D, tf.Tensor4D] = [image(1, 3), image(2, 3)];
  const before = net.forward(pair, evaluation);
  const { same, map } = await predict(net, pair, { batchSize: 2 });
  expect([same.shape, map.shape]).toEqual([
    [3, 2],
    [3, 8, 8, 8],
  ]);
  await fuse(net, { input: [SHAPE, SHAPE] });
  const after = net.forward(pair, evaluation);
  expect(relativeDistance(after.map.dataSync(), before.map.dataSync())).toBeLessThan(1e-4);
  tf.dispose([pair, before, same, map, after]);
});

test('a layer in a #private field is an error wherever it would be left out', async () => {
  const message = /Hidden uses a variable .*not in its tree.*public field/s;
  expect(() => seeded(1, () => new Hidden())).toThrow(message);
  // Not built by seeded, its layers are found when it runs.
  const variables = Object.values(tf.engine().registeredVariables);
  const net = built(new Hidden());
  expect(() => net.summary(SHAPE)).toThrow(message);
  const x = image(1);
  expect(() => valueAndGradients(net, () => tf.mean(net.forward(x)))).toThrow(message);
  await expect(exportOnnx(net, { input: SHAPE })).rejects.toThrow(message);
  await expect(fuse(net, { input: SHAPE })).rejects.toThrow(message);
  const loss = (output: tf.Tensor4D) => tf.mean(output) as tf.Scalar;
  const data = () => [{ x: image(2), y: tf.zeros([2]) }];
  const events = train(net, data, { loss, epochs: 1, schedule: constantSchedule(0.1) });
  await expect(events.next()).rejects.toThrow(message);
  x.dispose();
  // The hidden layer is nobody's to free.
  const known = new Set([...variables, ...net.variables()]);
  for (const variable of Object.values(tf.engine().registeredVariables)) {
    if (!known.has(variable)) variable.dispose();
  }
});

test('the types of Sequential follow from one layer to the next', () => {
  const conv = new Conv2D({ inChannels: 3, filters: 4, kernelSize: 3 });
  const dense = new Dense({ inFeatures: 4, units: 2 });
  const net = built(new Sequential(conv, new MaxPool({ size: 2 }), new GlobalAvgPool(), dense));
  const x = image(1);
  const logits: tf.Tensor2D = net.forward(x, evaluation);
  expect(logits.shape).toEqual([2, 2]);
  tf.dispose([x, logits]);
  // @ts-expect-error A dense layer takes [N, features], and a convolution gives images.
  expect(() => new Sequential(conv, dense)).not.toThrow();
});
