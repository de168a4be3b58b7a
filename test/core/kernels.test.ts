import * as tf from '@tensorflow/tfjs-core';
import '../../src/backends/simd/index.js';
import { hasKernel, runKernel, takesGradient } from '../../src/core/kernels.js';

test.each([
  ['cpu', false],
  ['simd', true],
] as const)('hasKernel tells whether the backend %s has swish: %p', async (backend, expected) => {
  await tf.setBackend(backend);
  expect(hasKernel('Swish')).toBe(expected);
});

test('runKernel runs it', async () => {
  await tf.setBackend('simd');
  const x = tf.tensor1d([0, 2]);
  const y = runKernel('Swish', { x });
  expect(y.dataSync()[0]).toBe(0);
  expect(y.dataSync()[1]).toBeCloseTo(2 / (1 + Math.exp(-2)), 6);
  tf.dispose([x, y]);
  expect(tf.memory().numTensors).toBe(0);
});

test('takesGradient is true while a gradient is taken', () => {
  const seen: boolean[] = [takesGradient()];
  const x = tf.scalar(2);
  const dx = tf.grad((x) => {
    seen.push(takesGradient());
    return tf.square(x);
  })(x);
  expect([...seen, takesGradient()]).toEqual([false, true, false]);
  tf.dispose([x, dx]);
});
