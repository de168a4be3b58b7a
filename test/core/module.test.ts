import * as tf from '@tensorflow/tfjs-core';
import { Module } from '../../src/core/module.js';
import { parameter, statistic } from '../../src/core/variables.js';

class Leaf extends Module {
  readonly weight = parameter<tf.Rank.R1>(Float32Array.of(1, 2), [2]);
  readonly mean = statistic<tf.Rank.R1>(Float32Array.of(3), [1]);
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu(x);
  }
}

class Tree extends Module {
  readonly stages = [[new Leaf(), new Leaf()], [new Leaf()]];
  readonly absent: Leaf | undefined = undefined;
  readonly sizes = [1, 2];
  readonly options = { name: 'tree' };
  readonly head = new Leaf();
  readonly scale = parameter<tf.Rank.R0>(Float32Array.of(4), []);
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.head.forward(x);
  }
}

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => {
  tree.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

test('a variable is named by the path of fields that leads to it, in their order', () => {
  expect(Array.from(tree.namedVariables(), ({ name }) => name)).toEqual([
    'scale',
    'stages.0.0.weight',
    'stages.0.0.mean',
    'stages.0.1.weight',
    'stages.0.1.mean',
    'stages.1.0.weight',
    'stages.1.0.mean',
    'head.weight',
    'head.mean',
  ]);
});

test('a variable comes with its owner', () => {
  const owners = new Map(Array.from(tree.namedVariables(), ({ name, owner }) => [name, owner]));
  expect(owners.get('scale')).toBe(tree);
  expect(owners.get('stages.0.1.mean')).toBe(tree.stages[0]![1]);
});

test('modules are walked parents first', () => {
  const named = [...tree.namedModules()];
  expect(named.map(({ name }) => name)).toEqual(['', 'stages.0.0', 'stages.0.1', 'stages.1.0', 'head']);
  expect(named[0]!.module).toBe(tree);
  expect(named[4]!.module).toBe(tree.head);
});

test('parameters train and statistics do not', () => {
  const trainable = [...tree.namedVariables()].filter(({ variable }) => variable.trainable);
  expect(trainable.map(({ name }) => name).every((name) => /weight|scale/.test(name))).toBe(true);
  expect(trainable).toHaveLength(5);
  expect(tree.variables()).toHaveLength(9);
  expect([...tree.head.weight.dataSync()]).toEqual([1, 2]);
  expect(tree.head.mean.shape).toEqual([1]);
});

test('a variable costs one tensor', () => {
  expect(tf.memory().numTensors).toBe(9);
});

test('the same tree can be built again: tfjs names of variables do not collide', () => {
  const other = new Tree();
  expect(new Set([...tree.variables(), ...other.variables()].map(({ name }) => name)).size).toBe(18);
  other.dispose();
  expect(tf.memory().numTensors).toBe(9);
});

test('dispose frees every variable, and may be called again', () => {
  tree.dispose();
  expect(tf.memory().numTensors).toBe(0);
  tree.dispose();
});
