import '../../src/backends/simd/index.js';
import * as tf from '@tensorflow/tfjs-core';
import { writeTensor } from '../../src/core/write-tensor.js';

describe.each(['cpu', 'simd'])('%s', (backend) => {
  beforeEach(async () => {
    await tf.setBackend(backend);
  });

  afterEach(() => {
    expect(tf.memory().numTensors).toBe(0);
  });

  test('a tensor has the values that were written', () => {
    const x = writeTensor([2, 3], (values) => values.set([1, 2, 3, 4, 5, 6]));
    expect([x.shape, x.dtype, x.arraySync()]).toEqual([
      [2, 3],
      'float32',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    x.dispose();
  });

  test('a scalar, and a tensor without values', () => {
    const scalar = writeTensor([], (values) => values.fill(7));
    const empty = writeTensor([0, 3], (values) => expect(values).toHaveLength(0));
    expect([scalar.dataSync()[0], empty.shape]).toEqual([7, [0, 3]]);
    tf.dispose([scalar, empty]);
  });

  test('an error of the writer leaves nothing behind', () => {
    const before = tf.memory();
    expect(() => {
      writeTensor([4], () => {
        throw new Error('no values');
      });
    }).toThrow('no values');
    expect(tf.memory()).toEqual(before);
  });
});
