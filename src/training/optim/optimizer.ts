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
  readonly parameters: readonly NamedParameter[];
  readonly state: OptimizerState;
  readonly #rule: UpdateRule;
  readonly #variables: Variables;

  /**
   * @param parameters - Those that are not trainable are left out, and what is listed twice counts once.
   * @throws ArgumentError where two have one name.
   */
  protected constructor(parameters: OptimizerParameters, rule: UpdateRule) {
    this.parameters = trainable(parameters);
    this.#variables = Object.fromEntries(this.parameters.map(({ name, variable }) => [name, variable]));
    this.#rule = rule;
    this.state = rule.init(this.#variables);
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
    this.#rule.update(this.#variables, named, state, learningRate);
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

/** Those that may be trained, each once. */
function trainable(parameters: OptimizerParameters): NamedParameter[] {
  const names = new Map<tf.Variable, string>();
  for (const parameter of parameters) {
    const { name, trainable } = parameter;
    const variable = parameter instanceof tf.Variable ? parameter : parameter.variable;
    if ((trainable ?? variable.trainable) && !names.has(variable)) names.set(variable, name);
  }
  const twice = [...names.values()].find((name, i, all) => all.indexOf(name) !== i);
  check(
    twice === undefined,
    () => `Two parameters are called '${twice}'; give each a name that no other has.`,
  );
  return Array.from(names, ([variable, name]) => ({ name, variable }));
}
