import '#gradients';
import * as tf from '@tensorflow/tfjs-core';
import { check, checkAtLeastZero, type OptionNames } from '../../core/errors.js';
import { hasKernel, runUpdate, type UpdateName } from '../../core/kernels.js';
import { allOrNothing } from '../../core/build.js';
import { restoringOnErrorSync } from '../../core/restoring.js';

/** A variable with its path. */
export interface NamedParameter {
  /** For example `stages.0.1.conv1.conv.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
}

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** Draws weights towards zero. Default 0. */
  readonly weightDecay?: number;
  /**
   * Which parameters decay. Default those of at least two axes: kernels and matrices, but no bias and no batch norm
   * (He et al. 2018, arXiv 1812.01187, section 3.1).
   */
  readonly decays?: (parameter: NamedParameter) => boolean;
  /** Multiplies the learning rate of each parameter, as `layerDecay` gives it for fine-tuning. Default 1. */
  readonly rateScale?: (parameter: NamedParameter) => number;
}

/** Every one of {@link OptimizerOptions}. */
export const optimizerOptionNames: OptionNames<OptimizerOptions> = {
  weightDecay: true,
  decays: true,
  rateScale: true,
};

/** What an optimizer remembers of one variable: tensors of the variable's shape, by name. */
export type Slots = Readonly<Record<string, tf.Variable>>;

/** What an optimizer remembers: a plain tree. */
export interface OptimizerState {
  /** Steps that were taken. */
  iterations: number;
  /** By the variable's path: `state.slots['head.weight'].momentum`. */
  readonly slots: Readonly<Record<string, Slots>>;
}

/** Variables by path. */
export type Variables = Readonly<Record<string, tf.Variable>>;

/** An optimizer as two functions of plain records; {@link OptimizerState} is all that goes from one step to the next. */
export interface UpdateRule {
  /**
   * The state before the first step; dispose of its slots in the end.
   * @throws ArgumentError where a `rateScale` is negative or not finite.
   */
  init: (variables: Variables) => OptimizerState;
  /**
   * Takes one step, as a whole: variables and state change in place, and where it fails, such as for want of memory, they are as
   * they were before.
   * @param gradients - By the paths of the variables; the caller disposes of them.
   * @throws ArgumentError where a gradient is missing or of another shape, or `learningRate` is negative or not finite.
   */
  update: (
    variables: Variables,
    gradients: Readonly<Record<string, tf.Tensor>>,
    state: OptimizerState,
    learningRate: number,
  ) => void;
}

/** What makes one optimizer differ from others. */
export interface RuleParts {
  /** The slots and what they start with. */
  readonly firstValues: Readonly<Record<string, number>>;
  /**
   * What decay is added to: `'gradient'` is L2 regularisation, `'weights'` decoupled decay (Loshchilov and Hutter 2017, arXiv
   * 1711.05101), `'change'` is left to {@link change}.
   */
  readonly decayOf: 'gradient' | 'weights' | 'change';
  /** The kernel that updates all variables in one call, on backends that have it. */
  readonly kernel: UpdateName;
  /** Its attributes in step number `iteration`, from 1. */
  readonly attrs: (iteration: number) => Record<string, number>;
  /** What this step takes off a variable, composed of tfjs's operations; slots are moved. */
  readonly change: (step: VariableStep, gradient: tf.Tensor) => tf.Tensor;
}

/** One step of one variable. */
export interface VariableStep {
  readonly variable: tf.Variable;
  readonly slots: Slots;
  readonly rate: number;
  readonly decay: number;
  readonly iteration: number;
}

/** The rule that has these parts. */
export function updateRule(
  parts: RuleParts,
  { weightDecay = 0, decays = isKernel, rateScale = () => 1 }: OptimizerOptions,
): UpdateRule {
  checkAtLeastZero('weightDecay', weightDecay);
  const { firstValues, decayOf, kernel } = parts;
  const scaleOf = (parameter: NamedParameter) => {
    const scale = rateScale(parameter);
    checkAtLeastZero(`rateScale of ${parameter.name}`, scale);
    return scale;
  };

  const init = (variables: Variables): OptimizerState => {
    for (const [name, variable] of Object.entries(variables)) scaleOf({ name, variable });
    const slotsOf = ({ shape }: tf.Variable) => mapValues(firstValues, (value) => filled(shape, value));
    return { iterations: 0, slots: allOrNothing(() => mapValues(variables, slotsOf)) };
  };

  const update: UpdateRule['update'] = (variables, gradients, state, learningRate) => {
    checkAtLeastZero('learningRate', learningRate);
    const steps = Object.entries(variables).map(([name, variable]) => {
      checkStep(name, variable, gradients[name], state);
      const decay = decays({ name, variable }) ? weightDecay : 0;
      const rate = learningRate * scaleOf({ name, variable });
      const slots = state.slots[name]!;
      const common = { variable, slots, gradient: gradients[name]!, rate, iteration: state.iterations + 1 };
      // Of decoupled decay, the weights are multiplied instead.
      if (decayOf === 'weights') return { ...common, decay: 0, keep: 1 - rate * decay };
      return { ...common, decay, keep: 1 };
    });
    if (hasKernel(kernel)) {
      const updates = steps.map((step) => ({ ...step, slots: Object.values(step.slots) }));
      runUpdate(kernel, updates, parts.attrs(state.iterations + 1));
    } else {
      const changed = steps.flatMap(({ variable, slots }) => [variable, ...Object.values(slots)]);
      restoringOnErrorSync(changed, () => steps.forEach((step) => composedStep(parts, step)));
    }
    state.iterations++;
  };

  return { init, update };
}

/** A step of one variable where the backend has no kernel for it. */
function composedStep(
  { decayOf, change }: RuleParts,
  step: VariableStep & { gradient: tf.Tensor; keep: number },
): void {
  const { variable, gradient, decay, keep } = step;
  tf.tidy(() => {
    const added = decayOf === 'gradient' && decay > 0;
    const g = added ? tf.add(gradient, tf.mul(variable, decay)) : gradient;
    const kept = keep < 1 ? tf.mul(variable, keep) : variable;
    variable.assign(tf.sub(kept, change(step, g)));
  });
}

function checkStep(
  name: string,
  variable: tf.Variable,
  gradient: tf.Tensor | undefined,
  state: OptimizerState,
): void {
  check(
    !variable.isDisposed,
    () => `The parameter ${name} was disposed of; make an optimizer of the parameters that there are.`,
  );
  check(
    gradient !== undefined && tf.util.arraysEqual(gradient.shape, variable.shape),
    () =>
      `The gradient of ${name} is ${gradient ? `[${gradient.shape}]` : 'missing'}; give one of [${variable.shape}].`,
  );
  check(
    state.slots[name] !== undefined,
    () => `The state has nothing of ${name}; make a state of the same variables by init.`,
  );
}

/** Moves a slot to factor * slot + value, and returns it. */
export function accumulate(slot: tf.Variable, factor: number, value: tf.Tensor): tf.Variable {
  slot.assign(tf.add(tf.mul(slot, factor), value));
  return slot;
}

function isKernel({ variable }: NamedParameter): boolean {
  return variable.rank > 1;
}

function filled(shape: number[], value: number): tf.Variable {
  return tf.tidy(() => tf.variable(tf.fill(shape, value), false));
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
