import * as tf from '@tensorflow/tfjs-core';
import { Module } from '../../../src/core/module.js';
import { parameter } from '../../../src/core/variables.js';
import { Conv2D, GlobalAvgPool, Sequential } from '../../../src/layers/index.js';
import { buildModel } from '../../../src/models/build-model.js';
import { layerDecay } from '../../../src/training/optim/layer-decay.js';

test.each([
  ['resnet20', { stem: 0.0625, 'stages.0': 0.125, 'stages.1': 0.25, 'stages.2': 0.5, head: 1 }],
  ['efficientnet-lite0', { stem: 2 ** -9, 'stages.0': 2 ** -8, 'stages.6': 0.25, lastConv: 0.5, head: 1 }],
])('%s: powers of the decay from the head down', (name, expected) => {
  const model = buildModel(name, { initialize: false });
  const scale = layerDecay(model, 0.5);
  const scales = new Map(
    Array.from(model.namedVariables(), (named) => [/^(stages\.\d+|\w+)/.exec(named.name)![0], scale(named)]),
  );
  expect(Object.fromEntries(scales)).toMatchObject(expected);
  expect(() => layerDecay(model, 0)).toThrow('decay is 0; give a number in (0, 1], such as 0.75.');
  model.dispose();
});

test("any module: its fields, and a list's entries, in their order", () => {
  const conv = () => new Conv2D({ inChannels: 1, filters: 1, kernelSize: 1 });
  class Net extends Module {
    readonly scale = parameter(Float32Array.of(1), [1]);
    readonly stem = conv();
    readonly pool = new GlobalAvgPool();
    readonly body = { a: conv(), b: conv() };
    readonly stages = [[conv(), conv()], [conv()]];
    readonly head2 = conv();
    override forward(x: tf.Tensor4D): tf.Tensor4D {
      return tf.relu(x);
    }
  }
  const net = new Net();
  const scale = layerDecay(net, 0.5);
  expect(Object.fromEntries(Array.from(net.namedVariables(), (named) => [named.name, scale(named)]))).toEqual(
    {
      scale: 1,
      'stem.weight': 0.0625,
      'body.a.weight': 0.125,
      'body.b.weight': 0.125,
      'stages.0.0.weight': 0.25,
      'stages.0.1.weight': 0.25,
      'stages.1.0.weight': 0.5,
      'head2.weight': 1,
    },
  );
  net.dispose();

  const sequence = new Sequential(conv(), new GlobalAvgPool(), conv() as never);
  const scales = Array.from(sequence.namedVariables(), layerDecay(sequence, 0.5));
  expect(scales).toEqual([0.5, 1]);
  sequence.dispose();
});
