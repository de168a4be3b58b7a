import * as tf from '@tensorflow/tfjs-core';
import type { Kernel, Kernels } from '../kernel.js';
import { ADAM_STEP, AVERAGE_STEP, RMS_PROP_STEP, SGD_STEP } from '../kernel-ids.js';
import { float } from '../runtime.js';

// Kernels that tfjs does not have, which change tensors in place; see `core/kernels.ts`.

/** Floats that are worth a chunk of their own. */
const CHUNK = 16384;

type Attributes = Readonly<Record<string, number>>;

/**
 * A kernel that changes the variable and its state.
 * @param state - The names of the inputs of the state, of which some may be missing.
 * @param own - The floats that the job takes besides rate, decay and keep.
 */
function step(job: number, state: readonly string[], own: (attrs: Attributes) => number[]): Kernel {
  return ({ inputs, backend, attrs }) => {
    const { variable, gradient } = inputs as { variable: tf.TensorInfo; gradient: tf.TensorInfo };
    const { rate, decay = 0, keep = 1, ...rest } = attrs as Attributes;
    const size = tf.util.sizeFromShape(variable.shape);
    const [first = 0, second = 0] = state.map(
      (name) => inputs[name] && backend.addressToChange(inputs[name]),
    );
    backend.runtime.run(job, Math.ceil(size / CHUNK), [
      ...[backend.addressToChange(variable), first, second, backend.address(gradient), size, CHUNK],
      ...[float(rate!), float(decay), float(keep), ...own(rest)],
    ]);
    return [];
  };
}

const sgd = step(SGD_STEP, ['momentum'], ({ momentum, nesterov }) => [float(momentum!), Number(nesterov)]);

const adam = step(ADAM_STEP, ['mean', 'meanSquare'], ({ beta1, beta2, meanScale, rootScale, epsilon }) =>
  [beta1!, 1 - beta1!, beta2!, 1 - beta2!, meanScale!, rootScale!, epsilon!].map(float),
);

const rmsProp = step(RMS_PROP_STEP, ['meanSquare', 'momentum'], ({ rho, momentum, epsilon }) =>
  [rho!, 1 - rho!, momentum!, epsilon!].map(float),
);

/** Steps of optimizers and of a moving average. */
export const optimizerKernels: Kernels = {
  SGDStep: sgd,
  AdamStep: adam,
  RMSPropStep: rmsProp,
  MovingAverageStep: step(AVERAGE_STEP, [], () => []),
};
