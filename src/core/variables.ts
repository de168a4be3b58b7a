// Variables are made here, for which tfjs has to have a backend.
import '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { tensorOf } from '../graph/backend.js';

/** Values, or what makes them: where a network is only counted, it is not called. */
type FirstValues = Float32Array | (() => Float32Array);

const made = new WeakSet<tf.Variable>();

/** A parameter, which training moves, with these first values. */
export function parameter<R extends tf.Rank>(values: FirstValues, shape: tf.ShapeMap[R]): tf.Variable<R> {
  return variable<R>(values, shape, true);
}

/** A running statistic: kept and saved with the parameters, but never trained. */
export function statistic<R extends tf.Rank>(values: FirstValues, shape: tf.ShapeMap[R]): tf.Variable<R> {
  return variable<R>(values, shape, false);
}

/** Whether {@link parameter} or {@link statistic} made it. */
export function isOfLayer(variable: tf.Variable): boolean {
  return made.has(variable);
}

function variable<R extends tf.Rank>(values: FirstValues, shape: tf.ShapeMap[R], trainable: boolean) {
  const variable = tf.tidy(() => tf.variable(tensorOf(values, shape) as tf.Tensor<R>, trainable));
  made.add(variable as tf.Variable);
  return variable;
}
