import * as tf from '@tensorflow/tfjs-core';
import { allOrNothing, seeded } from '../../src/core/build.js';
import { ArgumentError } from '../../src/core/errors.js';
import { Module } from '../../src/core/module.js';
import { defaultRandom } from '../../src/core/random.js';
import { parameter } from '../../src/core/variables.js';

class Leaf extends Module {
  readonly weight = parameter<tf.Rank.R1>(defaultRandom().normalArray(2, 1), [2]);
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.mul(x, this.weight);
  }
}

class Net extends Module {
  readonly leaves = [new Leaf(), new Leaf()];
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.leaves.reduce((y, leaf) => leaf.forward(y), x));
  }
}

class Hidden extends Net {
  readonly #hidden = new Leaf();
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.#hidden.forward(x);
  }
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

const values = (build: () => Module) => {
  const net = build();
  const values = net.variables().map((variable) => Array.from(variable.dataSync()));
  net.dispose();
  return values;
};

test('a seed gives the same values whatever was built before, and each layer others', () => {
  const first = values(() => seeded(5, () => new Net()));
  expect(first[0]).not.toEqual(first[1]);
  expect(values(() => new Net())).not.toEqual(first);
  expect(values(() => seeded(5, () => new Net()))).toEqual(first);
  expect(values(() => seeded(6, () => new Net()))).not.toEqual(first);
});

test('seeds within seeds, and errors, leave the stream around them as it was', () => {
  const expected = values(() => seeded(5, () => new Net()));
  const found = values(() =>
    seeded(5, () => {
      values(() => seeded(6, () => new Net()));
      expect(() =>
        seeded(7, () => {
          throw new Error('no');
        }),
      ).toThrow('no');
      return new Net();
    }),
  );
  expect(found).toEqual(expected);
});

test('without a seed the layers of a network differ', () => {
  const [a, b] = values(() => new Net());
  expect(a).not.toEqual(b);
});

test.each([
  ['allOrNothing', () => allOrNothing(() => new Hidden())],
  ['seeded', () => seeded(1, () => new Hidden())],
])('%s finds layers in private fields, and frees everything', (_, build) => {
  expect(build).toThrow(ArgumentError);
  expect(build).toThrow('Hidden uses a variable of shape [2] that is not in its tree');
  expect(tf.memory().numTensors).toBe(0);
});

test('layers that were made and freed, and variables of others, are no part of the check', () => {
  let other: tf.Variable | undefined;
  const net = allOrNothing(() => {
    new Leaf().dispose();
    other = tf.tidy(() => tf.variable(tf.ones([1])));
    return new Net();
  });
  expect(net.variables()).toHaveLength(2);
  net.dispose();
  other!.dispose();
});

test('refuses a promise and what is no seed', () => {
  expect(() => seeded(1, () => Promise.resolve(1))).toThrow(
    'seeded: build gave a promise (await it); build without waiting.',
  );
  expect(() => seeded(0.5, () => new Net())).toThrow('The seed is 0.5; give an integer.');
});
