import * as tf from '@tensorflow/tfjs-core';
import type { TrainingContext } from './context.js';
import type { Module } from './module.js';
import { Random } from './random.js';
import { nestedGradients } from './tape.js';

/**
 * block.forward(x, context), which keeps only x for the way back and runs a second time there: with the same draws, and
 * without moving the running statistics again.
 */
export function forwardRecomputed(block: Module, x: tf.Tensor4D, context: TrainingContext): tf.Tensor4D {
  const variables = [...block.namedVariables()].flatMap(({ variable, trainable }) =>
    trainable ? [variable] : [],
  );
  const state = context.random.state();
  const operation = tf.customGrad((...args) => {
    const x = args[0] as tf.Tensor4D;
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    save([x]);
    return {
      value: block.forward(x, context),
      gradFunc: (dy, saved) => {
        const [x] = saved as [tf.Tensor4D];
        const again = { ...context, random: Random.fromState(state), keepStatistics: true };
        return nestedGradients(() => block.forward(x, again), [x, ...variables], dy as tf.Tensor);
      },
    };
  });
  return operation(x, ...variables) as tf.Tensor4D;
}
