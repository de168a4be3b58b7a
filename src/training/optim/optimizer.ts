import '#gradients';
import * as tf from '@tensorflow/tfjs-core';
import { check, checkAtLeastZero, type OptionNames } from '../../core/errors.js';
import { hasKernel, ownData, runUpdate, type UpdateName } from '../../core/kernels.js';
import { allOrNothing } from '../../core/build.js';
import type { NamedVariable } from '../../core/module.js';
import { restoringOnErrorSync } from '../../core/restoring.js';

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** Draws weights towards zero. Default 0. */
  readonly weightDecay?: number;
  /**
   * Which parameters decay. Default those of at least two axes: kernels and matrices, but no bias and no batch norm
   * (He et al. 2018, arXiv 1812.01187, section 3.1).
   */
  readonly decays?: (parameter: NamedVariable) => boolean;
  /** Multiplies the learning rate of each parameter, as `layerDecay` says for fine-tuning. Default 1. */
  readonly rateScale?: (parameter: NamedVariable) => number;
}

/** Every one of {@link OptimizerOptions}. */
export const optimizerOptionNames: OptionNames<OptimizerOptions> = {
  weightDecay: true,
  decays: true,
  rateScale: true,
};

/** A parameter with what an optimizer knows of it. */
export interface OptimizedParameter {
  readonly name: string;
  readonly variable: tf.Variable;
  /** The weight decay that it has; 0 where it is spared. */
  readonly decay: number;
  /** Multiplies the learning rate. */
  readonly rateScale: number;
  /** The optimizer's memory of it, each of the parameter's shape. */
  readonly slots: Readonly<Record<string, tf.Variable>>;
}

/**
 * Moves parameters along their gradients. Its state is as many variables a parameter as it has slots, named by the
 * parameter's path in the model, and the count of steps: restored, they continue a run bit for bit.
 */
export abstract class Optimizer {
  readonly parameters: readonly OptimizedParameter[];
  /** Steps that were taken. */
  iterations = 0;

  /**
   * @param parameters - Of `model.namedVariables()`; running statistics and frozen ones are left out.
   * @param firstValues - The slots and what they start with.
   * @param decayOf - What decay is added to: `'gradient'` is L2 regularisation, `'weights'` decoupled decay (Loshchilov
   * and Hutter 2017, arXiv 1711.05101), `'change'` is left to {@link change}.
   */
  protected constructor(
    parameters: Iterable<NamedVariable>,
    firstValues: Readonly<Record<string, number>>,
    { weightDecay = 0, decays = isKernel, rateScale = () => 1 }: OptimizerOptions,
    private readonly decayOf: 'gradient' | 'weights' | 'change',
  ) {
    checkAtLeastZero('weightDecay', weightDecay);
    const trainable = [...parameters].filter(({ trainable }) => trainable);
    this.parameters = allOrNothing(() =>
      trainable.map((named) => ({
        name: named.name,
        variable: named.variable,
        decay: decays(named) ? weightDecay : 0,
        rateScale: checkedScale(named, rateScale(named)),
        slots: Object.fromEntries(
          Object.entries(firstValues).map(([slot, value]) => [slot, filled(named.variable.shape, value)]),
        ),
      })),
    );
  }

  /**
   * Takes one step, as a whole: where it fails, such as for want of memory, parameters and state are as they were before.
   * @param gradients - One a parameter, in the order of {@link parameters}; the caller disposes of them.
   * @throws ArgumentError where they are not as many, or `learningRate` is negative or not finite.
   */
  step(gradients: readonly tf.Tensor[], learningRate: number): void {
    checkAtLeastZero('learningRate', learningRate);
    check(
      gradients.length === this.parameters.length,
      () => `There are ${gradients.length} gradients for ${this.parameters.length} parameters; give as many.`,
    );
    const lost = this.parameters.find(({ variable }) => variable.isDisposed);
    check(
      lost === undefined,
      () =>
        `The parameter ${lost!.name} was disposed of; make an optimizer of the parameters that there are.`,
    );
    this.iterations++;
    try {
      this.#stepAll(gradients, learningRate);
    } catch (error) {
      this.iterations--;
      throw error;
    }
  }

  #stepAll(gradients: readonly tf.Tensor[], learningRate: number): void {
    const step = this.fusedStep();
    const fused = step && hasKernel(step.kernel) ? step : undefined;
    const variables = this.parameters.flatMap(({ variable, slots }) => [variable, ...Object.values(slots)]);
    const stepEach = () =>
      this.parameters.forEach((parameter, i) => {
        tf.tidy(() => this.#stepOne(parameter, gradients[i]!, learningRate, fused));
      });
    if (!fused) return restoringOnErrorSync(variables, stepEach);
    // What follows takes no memory, and so is never half done.
    ownData(variables);
    stepEach();
  }

  #stepOne(
    parameter: OptimizedParameter,
    gradient: tf.Tensor,
    commonRate: number,
    fused: ReturnType<Optimizer['fusedStep']>,
  ): void {
    const { variable, slots, rateScale } = parameter;
    const rate = commonRate * rateScale;
    const decay = this.decayOf === 'gradient' ? parameter.decay : 0;
    const keep = this.decayOf === 'weights' ? 1 - rate * parameter.decay : 1;
    if (fused) {
      runUpdate(fused.kernel, { variable, ...slots }, { gradient }, { ...fused.attrs, rate, decay, keep });
      return;
    }
    const g = decay > 0 ? tf.add(gradient, tf.mul(variable, decay)) : gradient;
    const kept = keep < 1 ? tf.mul(variable, keep) : variable;
    variable.assign(tf.sub(kept, this.change(parameter, g, rate)));
  }

  /** The kernel that takes all of a step at once, on backends that have it, and its attributes; undefined for none. */
  protected fusedStep(): { kernel: UpdateName; attrs: Record<string, number> } | undefined {
    return undefined;
  }

  /** What this step takes off a parameter; slots are moved. */
  protected abstract change(
    parameter: OptimizedParameter,
    gradient: tf.Tensor,
    learningRate: number,
  ): tf.Tensor;

  /** Every variable of the state, by name: the parameter's path and the slot, `head.weight.momentum`. */
  *namedState(): Generator<[name: string, variable: tf.Variable]> {
    for (const { name, slots } of this.parameters) {
      for (const [slot, variable] of Object.entries(slots)) yield [`${name}.${slot}`, variable];
    }
  }

  /** Frees the state; the parameters stay. */
  dispose(): void {
    for (const [, variable] of this.namedState()) variable.dispose();
  }
}

/** Moves a slot to factor * slot + value, and returns it. */
export function accumulate(slot: tf.Variable, factor: number, value: tf.Tensor): tf.Variable {
  slot.assign(tf.add(tf.mul(slot, factor), value));
  return slot;
}

function checkedScale({ name }: NamedVariable, scale: number): number {
  checkAtLeastZero(`rateScale of ${name}`, scale);
  return scale;
}

function isKernel({ variable }: NamedVariable): boolean {
  return variable.rank > 1;
}

function filled(shape: number[], value: number): tf.Variable {
  return tf.tidy(() => tf.variable(tf.fill(shape, value), false));
}
