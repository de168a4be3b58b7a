import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { parameter } from '../../src/core/variables.js';
import { ReLU, Sequential } from '../../src/layers/index.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { buildResNet } from '../../src/models/resnet.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

afterEach(() => expect(tf.memory().numTensors).toBe(0));

const tiny = { width: 0.1, depth: 0.1, size: 32, dropout: 0 };
const blocks = (...counts: number[]) =>
  counts.flatMap((count, i) => Array.from({ length: count }, (_, j) => `stages.${i}.${j}`));

test.each([
  [
    'a ResNet',
    () => buildResNet(18, { width: 0.1 }),
    ['stem', 'pool', ...blocks(2, 2, 2, 2), 'globalPool', 'dropout', 'head'],
  ],
  [
    'a ResNet without a head, for small images',
    () => buildResNet(20, { width: 0.25, includeTop: false }),
    ['stem', ...blocks(3, 3, 3), 'globalPool', 'dropout'],
  ],
  [
    'an EfficientNet',
    () => buildEfficientNet(tiny),
    ['stem', ...blocks(1, 1, 1, 1, 1, 1, 1), 'lastConv', 'globalPool', 'dropout', 'head'],
  ],
])('%s is its parts, one after the other', (_, build, names) => {
  const model = build();
  const parts = model.parts();
  expect(parts.map(([name]) => name)).toEqual(names);
  const modules = new Map(Array.from(model.namedModules(), ({ name, module }) => [name, module]));
  for (const [name, part] of parts) expect(part).toBe(modules.get(name));
  const x = randomTensor<tf.Rank.R4>([2, 32, 32, 3], 1);
  const expected = tf.tidy(() =>
    parts.reduce<tf.Tensor>((y, [, part]) => part.forward(y, evaluation) as tf.Tensor, x),
  );
  const found = model.predict(x);
  expect(largestDifference(found, expected)).toBe(0);
  expect(x.isDisposed).toBe(false);
  tf.dispose([x, expected, found]);
  model.dispose();
});

test('a new head, and none, are parts at once', () => {
  const model = buildResNet(20, { width: 0.25 });
  model.resetHead(3);
  expect(model.parts().at(-1)).toEqual(['head', model.head]);
  model.removeHead();
  expect(model.parts().at(-1)![0]).toBe('dropout');
  model.dispose();
});

test('what lies between two layers is freed at once, but never a variable or what is kept', () => {
  const lives: number[] = [];
  class Probe extends Module {
    override forward(x: tf.Tensor4D): tf.Tensor4D {
      lives.push(tf.memory().numTensors);
      return tf.neg(x);
    }
  }
  class Constant extends Module {
    readonly value = parameter<tf.Rank.R4>(Float32Array.of(-2), [1, 1, 1, 1]);
    override forward(): tf.Tensor4D {
      return this.value;
    }
  }
  const kept = tf.keep(tf.ones<tf.Rank.R4>([1, 1, 1, 1]));
  class Kept extends Module {
    override forward(): tf.Tensor4D {
      return kept;
    }
  }
  const x = tf.ones<tf.Rank.R4>([1, 1, 1, 1]);
  const probes = new Sequential(new Probe(), new Probe(), new Probe(), new Probe());
  probes.forward(x, evaluation).dispose();
  expect(lives.map((count) => count - lives[0]!)).toEqual([0, 1, 1, 1]);
  const constant = new Constant();
  const net = new Sequential<Module[]>(constant, new ReLU(), new Kept(), new ReLU());
  net.forward(x, evaluation).dispose();
  expect([...constant.value.dataSync(), ...kept.dataSync()]).toEqual([-2, 1]);
  net.dispose();
  tf.dispose([x, kept]);
});
