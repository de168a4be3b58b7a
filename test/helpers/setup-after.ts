import * as tf from '@tensorflow/tfjs-core';

// Each test file has a tfjs of its own, and so a memory and threads to give back.
afterAll(() => {
  if (tf.findBackendFactory('simd')) tf.removeBackend('simd');
});

/** Jest compares long lists of numbers slowly, element by element. What is not the same in every number it compares itself. */
function areSameNumbers(a: unknown, b: unknown): true | undefined {
  if (!isList(a) || !isList(b) || a.constructor !== b.constructor || a.length !== b.length) return undefined;
  for (let i = 0; i < a.length; i++) {
    if (typeof a[i] !== 'number' || !Object.is(a[i], b[i])) return undefined;
  }
  return a.length > 0 ? true : undefined;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

// @types/jest does not know it.
const { addEqualityTesters } = expect as unknown as { addEqualityTesters(testers: readonly unknown[]): void };
addEqualityTesters([areSameNumbers]);
