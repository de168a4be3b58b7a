import * as tf from '@tensorflow/tfjs-core';
import { checkFraction, checkOptions } from '../../core/errors.js';
import { hasKernel, runUpdate } from '../../core/kernels.js';
import { allOrNothing } from '../../core/build.js';
import type { NamedVariable } from '../../core/module.js';

/** Options of {@link MovingAverage}. */
export interface MovingAverageOptions {
  /** How much of the average a step keeps. Default 0.9999, EfficientNet's. */
  readonly decay?: number;
  /**
   * Whether the first steps keep less, min(decay, (1 + step) / (10 + step)), so that the random start is soon forgotten.
   * Default true.
   */
  readonly warmUp?: boolean;
}

/**
 * The exponential moving average of a model's variables, running statistics included; it often classifies better than
 * the variables themselves. As tf.train.ExponentialMovingAverage with num_updates.
 */
export class MovingAverage {
  readonly decay: number;
  readonly warmUp: boolean;
  /** Steps that went in. */
  iterations = 0;
  readonly #averages: readonly { name: string; variable: tf.Variable; average: tf.Variable }[];

  /**
   * Starts from the present values.
   * @throws ArgumentError where `decay` is out of range.
   */
  constructor(variables: Iterable<NamedVariable>, options: MovingAverageOptions = {}) {
    checkOptions('MovingAverage', options, { decay: true, warmUp: true });
    const { decay = 0.9999, warmUp = true } = options;
    checkFraction('decay', decay);
    this.decay = decay;
    this.warmUp = warmUp;
    this.#averages = allOrNothing(() =>
      Array.from(variables, ({ name, variable }) => ({
        name,
        variable,
        average: tf.tidy(() => tf.variable(tf.clone(variable), false)),
      })),
    );
  }

  /** Takes the present values in; call it after each step of the optimizer. */
  update(): void {
    this.iterations++;
    const { decay, warmUp, iterations } = this;
    const keep = warmUp ? Math.min(decay, (1 + iterations) / (10 + iterations)) : decay;
    const rate = 1 - keep;
    if (hasKernel('MovingAverageStep')) {
      const common = { slots: [], rate, decay: 0, keep: 1 };
      const updates = this.#averages.map(({ variable, average }) => ({
        variable: average,
        gradient: variable,
        ...common,
      }));
      return runUpdate('MovingAverageStep', updates);
    }
    for (const { variable, average } of this.#averages) {
      tf.tidy(() => average.assign(tf.add(average, tf.mul(tf.sub(variable, average), rate))));
    }
  }

  /** Runs `work` while the model has the averages; afterwards, also if it fails, the model has its former values again. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.swap();
    try {
      return await work();
    } finally {
      this.swap();
    }
  }

  /** Gives the model the averages, and the averages the model's values. It moves no data, and so cannot fail half-way. */
  swap(): void {
    for (const { variable, average } of this.#averages) {
      [variable.dataId, average.dataId] = [average.dataId, variable.dataId];
    }
  }

  /** Every average, by the name of its variable. */
  *namedState(): Generator<[name: string, variable: tf.Variable]> {
    for (const { name, average } of this.#averages) yield [name, average];
  }

  /** Frees the averages; the model stays. */
  dispose(): void {
    for (const { average } of this.#averages) average.dispose();
  }
}
