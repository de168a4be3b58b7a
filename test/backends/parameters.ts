import * as tf from '@tensorflow/tfjs-core';
import type { NamedVariable } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';

/** Numbers from -1 to 1. */
export function uniform(size: number, seed: number): tf.Tensor1D {
  return tf.tensor1d(new Random(seed).uniformArray(size, -1, 1));
}

/** A parameter of each size, for an optimizer. */
export function parametersOf(sizes: readonly number[]): NamedVariable[] {
  return sizes.map((size, i) => {
    const name = `parameter ${i}`;
    return { name, variable: tf.tidy(() => tf.variable(uniform(size, i))) } as NamedVariable;
  });
}
