import * as tf from '@tensorflow/tfjs-core';
import { freeingTape } from '../../src/core/tape.js';

/** A value of some operations, of which the last fails forward or backward. */
function failing(when: 'forward' | 'backward', x: tf.Tensor): tf.Tensor {
  const fails = tf.customGrad((x) => {
    if (when === 'forward') throw new Error('no memory forward');
    const gradFunc = (): tf.Tensor => {
      throw new Error('no memory backward');
    };
    return { value: tf.clone(x as tf.Tensor), gradFunc };
  });
  return tf.sum(tf.relu(tf.square(fails(tf.sigmoid(tf.mul(x, x))))));
}

test.each(['forward', 'backward'] as const)(
  'a gradient that fails on its way %s leaves no tensor behind',
  (when) => {
    const x = tf.variable(tf.tensor1d([1, 2, 3]), true);
    const before = tf.memory().numTensors;
    const gradient = () => tf.variableGrads(() => failing(when, x) as tf.Scalar);
    expect(() => freeingTape(gradient)).toThrow(`no memory ${when}`);
    expect(tf.memory().numTensors).toBe(before);

    // And gradients work as before.
    const { value, grads } = freeingTape(() => tf.variableGrads(() => tf.sum(tf.mul(x, x)) as tf.Scalar));
    expect(Array.from(grads[x.name]!.dataSync())).toEqual([2, 4, 6]);
    tf.dispose([value, grads]);
    expect(tf.memory().numTensors).toBe(before);
    tf.disposeVariables();
  },
);

test('within another gradient that goes on, the tape stays', () => {
  const x = tf.tensor1d([1, 2, 3]);
  const before = tf.memory().numTensors;
  const dx = tf.grad((x) => {
    const y = tf.square(x);
    expect(() => freeingTape(() => tf.grad((y) => failing('backward', y))(y))).toThrow('no memory');
    return tf.square(y);
  })(x);
  expect(Array.from(dx.dataSync())).toEqual([4, 32, 108]);
  dx.dispose();
  expect(tf.memory().numTensors).toBe(before);
  x.dispose();
});
