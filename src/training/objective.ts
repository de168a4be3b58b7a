import type * as tf from '@tensorflow/tfjs-core';
import type { Module } from '../core/module.js';
import type { Random } from '../core/random.js';
import type { TensorBatch } from './data/tensor-batches.js';
import type { Loss } from './losses.js';

/** What an {@link Objective} computes the loss of a step from. */
export interface ObjectivePass<Input, Output, Target> extends TensorBatch<Input, Target> {
  /** Runs the network in training. */
  readonly forward: (x: Input) => Output;
  /** What `prepare` made. */
  readonly made: readonly Input[];
  /** The loss of the training's options. */
  readonly loss: Loss<Output, Target>;
}

/**
 * How the loss of a step comes about, where it takes more than the loss of what the network gives for the batch: such as
 * `adversarialTraining`, `trades` and `augMixConsistency`.
 */
export interface Objective<Input, Output, Target> {
  /** Makes more inputs from a batch, before gradients are recorded, such as attacked images. They are freed after the step. */
  readonly prepare: (
    model: Module<Input, Output>,
    batch: TensorBatch<Input, Target>,
    random: Random,
  ) => Promise<readonly Input[]>;
  /** Gives the loss, and the output that metrics measure. */
  readonly compute: (pass: ObjectivePass<Input, Output, Target>) => {
    readonly loss: tf.Scalar;
    readonly output: Output;
  };
}

/** The loss of what the network gives for the batch. */
export function plainObjective<Input, Output, Target>(): Objective<Input, Output, Target> {
  return {
    prepare: () => Promise.resolve([]),
    compute: ({ forward, x, y, loss }) => {
      const output = forward(x);
      return { loss: loss(output, y), output };
    },
  };
}
