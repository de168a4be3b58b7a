// Variables are made here, for which tfjs has to have a backend.
import '#backends';
import * as tf from '@tensorflow/tfjs-core';
import type { Context } from './context.js';
import { tensorOf } from '../graph/backend.js';
import { describeModule } from '../graph/describe.js';
import { formatSummary } from '../graph/summary.js';
import type { InputShapes } from '../graph/trace.js';
import { ArgumentError } from './errors.js';

/** A variable of a module tree, with the path of fields that leads to it and the module that owns it. */
export interface NamedVariable {
  /** For example `stages.0.1.conv1.conv.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
  readonly owner: AnyModule;
}

/** A module of a module tree, with the path of fields that leads to it; the root's is empty. */
export interface NamedModule {
  readonly name: string;
  readonly module: AnyModule;
}

/** A module whatever it takes and gives. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyModule = Module<any, any>;

/**
 * A layer, a block or a model: fields that are variables, modules, or (nested) arrays of modules, and a function
 * of one tensor. The fields are the module tree: names, counts, saving, freezing and disposal all read it.
 */
export abstract class Module<Input extends tf.Tensor = tf.Tensor4D, Output extends tf.Tensor = tf.Tensor4D> {
  /**
   * @param x - Activations, the batch first.
   * @param context - Whether this is training, and where its randomness comes from.
   */
  abstract forward(x: Input, context: Context): Output;

  /** Every module of this tree with its path, parents before children, in the order of the fields. */
  *namedModules(prefix = ''): Generator<NamedModule> {
    yield { name: prefix, module: this };
    for (const [name, module] of children(this, prefix)) yield* module.namedModules(name);
  }

  /** Every variable of this tree with its path and owner, in the order of the fields. */
  *namedVariables(): Generator<NamedVariable> {
    for (const { name: path, module: owner } of this.namedModules()) {
      for (const [field, variable] of Object.entries(owner)) {
        if (variable instanceof tf.Variable)
          yield { name: path ? `${path}.${field}` : field, variable, owner };
      }
    }
  }

  /** Every variable of this tree; those with `trainable` false are running statistics. */
  variables(): tf.Variable[] {
    return Array.from(this.namedVariables(), ({ variable }) => variable);
  }

  /**
   * A table to print: a row a layer, in the order in which they run, with its output's shape, parameters and multiply-adds,
   * and what all of it takes. The module is traced for it, so nothing is computed.
   * @param input - The shape of the input, the batch first, such as `[1, 224, 224, 3]`; of several inputs an array or a
   * record of shapes, as {@link forward} takes the inputs.
   * @throws ArgumentError where the forward pass reads values of tensors or runs a kernel that cannot be traced.
   */
  summary(input: InputShapes): string {
    return formatSummary(describeModule(this, input));
  }

  /** Frees every variable. What uses one after, such as a module of which this is a part, throws an ArgumentError. */
  dispose(): void {
    const { architecture } = this as { architecture?: { name?: string } };
    const name = architecture?.name ?? this.constructor.name;
    for (const { module } of this.namedModules()) {
      for (const [field, value] of ownValues(module)) {
        if (!(value instanceof tf.Variable)) continue;
        if (!value.isDisposed) value.dispose();
        Object.defineProperty(module, field, { get: () => throwDisposed(name), enumerable: true });
      }
    }
  }
}

function throwDisposed(name: string): never {
  throw new ArgumentError(`This ${name} was disposed of, and its weights are gone; build it again.`);
}

/** Without the variables that were disposed of. */
function* ownValues(object: object): Generator<[string, unknown]> {
  for (const field of Object.keys(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, field)!;
    if ('value' in descriptor) yield [field, descriptor.value];
  }
}

function* children(value: object, prefix: string): Generator<[string, AnyModule]> {
  for (const [field, child] of ownValues(value)) {
    const name = prefix ? `${prefix}.${field}` : field;
    if (child instanceof Module) yield [name, child];
    else if (Array.isArray(child)) yield* children(child, name);
  }
}

/**
 * What `build` gives; where it throws, the variables that it made until then are freed. A network of one's own is built so:
 * `allOrNothing(() => new MyNetwork())`.
 * @param build - Makes modules or variables, and gives no promise.
 */
export function allOrNothing<T>(build: () => T): T {
  // Ids only grow.
  const last = tf.tidy(() => tf.scalar(0).id);
  try {
    return build();
  } catch (error) {
    for (const variable of Object.values(tf.engine().registeredVariables)) {
      if (variable.id > last) variable.dispose();
    }
    throw error;
  }
}

/** Values, or what makes them: where a network is only counted, it is not called. */
type FirstValues = Float32Array | (() => Float32Array);

/** A trainable parameter with these first values. */
export function parameter<R extends tf.Rank>(values: FirstValues, shape: tf.ShapeMap[R]): tf.Variable<R> {
  return variable<R>(values, shape, true);
}

/** A running statistic: kept and saved with the parameters, but never trained. */
export function statistic<R extends tf.Rank>(values: FirstValues, shape: tf.ShapeMap[R]): tf.Variable<R> {
  return variable<R>(values, shape, false);
}

function variable<R extends tf.Rank>(values: FirstValues, shape: tf.ShapeMap[R], trainable: boolean) {
  return tf.tidy(() => tf.variable(tensorOf(values, shape) as tf.Tensor<R>, trainable));
}
