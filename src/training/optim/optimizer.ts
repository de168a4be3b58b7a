import * as tf from '@tensorflow/tfjs-core';
import { check } from '../../core/errors.js';
import type { NamedParameter, OptimizerState, UpdateRule, Variables } from './rule.js';

/** What an optimizer may be given: those of `module.namedVariables()`, or any variables. */
export type OptimizerParameters = Iterable<(NamedParameter & { readonly trainable?: boolean }) | tf.Variable>;

/**
 * Moves parameters along their gradients: an {@link UpdateRule} with its variables and its state. Its state is as many variables
 * a parameter as it has slots, named by the parameter's path in the model, and the count of steps: restored, they continue a run
 * bit for bit.
 */
export abstract class Optimizer {
  readonly state: OptimizerState;
  readonly #rule: UpdateRule;
  readonly #parameters: readonly TrainableParameter[];

  /**
   * @param parameters - Those that are not trainable are left out, and what is listed twice counts once.
   * @throws ArgumentError where two have one name.
   */
  protected constructor(parameters: OptimizerParameters, rule: UpdateRule) {
    this.#parameters = trainable(parameters);
    this.#rule = rule;
    this.state = rule.init(variablesOf(this.#parameters));
  }

  /** What {@link step} moves: not those that were frozen since this optimizer was made. */
  get parameters(): readonly NamedParameter[] {
    return this.#parameters
      .filter(({ trainable }) => trainable)
      .map(({ name, variable }) => ({ name, variable }));
  }

  /** Steps that were taken. */
  get iterations(): number {
    return this.state.iterations;
  }

  set iterations(count: number) {
    this.state.iterations = count;
  }

  /**
   * Takes one step, as a whole: where it fails, such as for want of memory, parameters and state are as they were before.
   * @param gradients - One a parameter, in the order of {@link parameters} or by name; the caller disposes of them.
   * @throws ArgumentError where they are not as many or of other shapes, or `learningRate` is negative or not finite.
   */
  step(gradients: readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>, learningRate: number): void {
    const { parameters, state } = this;
    const count = Object.keys(gradients).length;
    check(
      count === parameters.length,
      () => `There are ${count} gradients for ${parameters.length} parameters; give as many.`,
    );
    const named = Array.isArray(gradients)
      ? Object.fromEntries(parameters.map(({ name }, i) => [name, (gradients as tf.Tensor[])[i]!]))
      : (gradients as Readonly<Record<string, tf.Tensor>>);
    this.#rule.update(variablesOf(parameters), named, state, learningRate);
  }

  /** Every variable of the state, by name: the parameter's path and the slot, `head.weight.momentum`. */
  *namedState(): Generator<[name: string, variable: tf.Variable]> {
    for (const [name, slots] of Object.entries(this.state.slots)) {
      for (const [slot, variable] of Object.entries(slots)) yield [`${name}.${slot}`, variable];
    }
  }

  /** Frees the state; the parameters stay. */
  dispose(): void {
    for (const [, variable] of this.namedState()) variable.dispose();
  }
}

/** A parameter, and whether it is to be trained now. */
type TrainableParameter = NamedParameter & { readonly trainable: boolean };

function variablesOf(parameters: readonly NamedParameter[]): Variables {
  return Object.fromEntries(parameters.map(({ name, variable }) => [name, variable]));
}

/** Those that may be trained, each once. */
function trainable(parameters: OptimizerParameters): TrainableParameter[] {
  const found = new Map<tf.Variable, TrainableParameter>();
  for (const parameter of parameters) {
    const { name } = parameter;
    const variable = parameter instanceof tf.Variable ? parameter : parameter.variable;
    const entry: TrainableParameter = {
      name,
      variable,
      // A NamedVariable says at any time whether it is frozen.
      get trainable() {
        return parameter.trainable ?? variable.trainable;
      },
    };
    if (entry.trainable && !found.has(variable)) found.set(variable, entry);
  }
  const names = Array.from(found.values(), ({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  check(
    twice === undefined,
    () => `Two parameters are called '${twice}'; give each a name that no other has.`,
  );
  return [...found.values()];
}
